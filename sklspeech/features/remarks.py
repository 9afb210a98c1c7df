"""What is odd about clips that can be used: said once a kind, with their number, whatever thread found it."""

import warnings
from contextlib import contextmanager
from contextvars import ContextVar

from ..audio.levels import has_offset, is_faint
from ..errors import AudioError, AudioWarning

_MUCH_LONGER = 2.0  # times the length that clips are given
_LOWER_RATE = 0.9  # of the rate that the highest frequency takes
_TEXTS = {
    "faint": "silent, or so faint that no sample reaches 0.001 (60 dB below full scale): little can be recognized",
    "offset": "off zero by more than half of the deviation (a DC offset): subtract the mean of the samples",
    "low rate": "of a lower sample rate than the features are for, so that their highest bands are empty: use the "
    "sample_rate of the recordings, or a lower fmax",
    "long": "more than twice as long as the duration of the features, and lose their end: cut them, or use duration",
}


_ARE_OFF: ContextVar = ContextVar("remarks are off", default=False)


@contextmanager
def without_remarks():
    """Let features of windows of a stream say nothing; unlike `warnings.catch_warnings` for this thread alone."""
    token = _ARE_OFF.set(True)
    try:
        yield
    finally:
        _ARE_OFF.reset(token)


class Remarks:
    """Collects what is odd about the clips of one call.

    Parameters
    ----------
    highest : float
        Frequency in hertz up to which the features look.
    duration : float or None
        Seconds that clips are given.
    """

    def __init__(self, highest, duration):
        self._lowest_rate = _LOWER_RATE * 2 * highest
        self._longest = None if duration is None else _MUCH_LONGER * duration
        self._found: dict[str, list[int]] = {kind: [] for kind in _TEXTS}
        self._faint: set[int] = set()
        self._failed: dict[int, AudioError] = {}
        self.positions: set[int] = set()

    def look_at_file(self, position, read):
        """Note what the header of a file tells.

        Parameters
        ----------
        position : int
            Of the clip in X.
        read : Samples
        """
        if read.sample_rate < self._lowest_rate:
            self._note("low rate", position)
        self.look_at_duration(position, read.duration)

    def look_at_duration(self, position, duration):
        """Note whether a clip is much longer than it may be.

        Parameters
        ----------
        position : int
        duration : float
            Seconds.
        """
        if self._longest is not None and duration > self._longest:
            self._note("long", position)

    def look_at(self, positions, waveforms):
        """Note what the samples tell.

        Parameters
        ----------
        positions : list of int
        waveforms : ndarray of shape (n, n_samples), or list of ndarray of shape (n_samples_i,)
        """
        for kind, test in (("faint", is_faint), ("offset", has_offset)):
            are = test(waveforms).tolist() if not isinstance(waveforms, list) else list(map(test, waveforms))
            if any(are):
                for position, is_odd in zip(positions, are, strict=True):
                    if is_odd and position not in self._faint:
                        self._note(kind, position)

    def _note(self, kind, position):
        self._found[kind].append(position)
        if kind == "faint":  # whose offset is nothing to speak of
            self._faint.add(position)
        self.positions.add(position)  # its row is not kept, so that the next call says it again

    def note_failure(self, position, error):
        """Note a file that cannot be read, in whose place there is silence.

        Parameters
        ----------
        position : int
        error : AudioError
        """
        self._failed[position] = error
        self._faint.add(position)  # is not remarked on as well
        self.positions.add(position)

    def warn_of_failed(self, clips, name):
        """Warn of all files that cannot be read.

        Parameters
        ----------
        clips : sequence
            X.
        name : callable
            How a clip is named, from the clip and its position.

        Returns
        -------
        failed : list of (str, str)
            Their names, and why.
        """
        failed = [(name(clips[i], i), self._failed[i].fault) for i in sorted(self._failed)]
        if failed:
            listed = "; ".join(f"{path}: {fault}" for path, fault in failed)
            warnings.warn(
                AudioWarning(f"{len(failed)} of {len(clips)} clips cannot be read, and are silence: {listed}"),
                stacklevel=4,
            )
        return failed

    def warn(self, clips, name):
        """Warn once for every kind.

        Parameters
        ----------
        clips : sequence
            X.
        name : callable
            How a clip is named, from the clip and its position.
        """
        for kind, positions in self._found.items():
            if positions and not _ARE_OFF.get():
                first = min(positions)
                warnings.warn(
                    AudioWarning(
                        f"{len(positions)} of {len(clips)} clips are {_TEXTS[kind]}. The first is "
                        f"{name(clips[first], first)}"
                    ),
                    stacklevel=4,
                )
