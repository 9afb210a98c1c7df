"""A stream is cut into windows that overlap, however it comes."""

import numpy as np

from ..errors import AudioError

_AT_ONCE = 64  # windows that go through the pipeline together,
_MOST_SAMPLES = 2**20  # and have no more samples than so many, if there are two or more


class Windows:
    """Cuts a stream into windows that overlap; of the stream no more is kept than the next window needs.

    The middle of window i is at ``i * hop`` seconds: a word at either end of the stream is in the middle of a window
    too. What lies outside of the stream is silent.

    Parameters
    ----------
    n_samples : int
        Of a window.
    n_hop : int
        Samples from one window to the next.
    sample_rate : int
        Hertz.
    """

    def __init__(self, n_samples, n_hop, sample_rate):
        self._n_samples, self._n_hop, self._rate = n_samples, n_hop, sample_rate
        # From the beginning of the next window on; half of the first one is before the stream.
        self._waiting = [np.zeros(n_samples // 2, np.float32)]
        self._n_waiting = n_samples // 2
        self._n_skipped = 0  # samples before the next window that have not come yet, where windows do not touch
        self._n_read = 0

    @property
    def duration(self):
        """Seconds that have come."""
        return self._n_read / self._rate

    @property
    def hop(self):
        """Seconds from one window to the next."""
        return self._n_hop / self._rate

    @property
    def length(self):
        """Seconds of a window."""
        return self._n_samples / self._rate

    def cut(self, blocks):
        """Cut a whole stream.

        Parameters
        ----------
        blocks : iterable of ndarray of shape (n,), float

        Yields
        ------
        windows : ndarray of shape (n_windows, n_samples), float32
        """
        for block in blocks:
            yield from self.push(checked_block(block))
        yield from self.finish()

    def push(self, block):
        """Add samples.

        Parameters
        ----------
        block : ndarray of shape (n,), float32

        Yields
        ------
        windows : ndarray of shape (n_windows, n_samples), float32
            Those that are complete, some at a time: views.
        """
        if not len(block):
            return
        self._n_read += len(block)
        n_passed = min(self._n_skipped, len(block))
        self._n_skipped -= n_passed
        self._waiting.append(block[n_passed:].copy())  # whoever records may use the memory of a block again
        self._n_waiting += len(block) - n_passed
        if self._n_waiting < self._n_samples:
            return
        samples = np.concatenate(self._waiting)
        n_windows = (len(samples) - self._n_samples) // self._n_hop + 1
        windows = np.lib.stride_tricks.sliding_window_view(samples, self._n_samples)[:: self._n_hop]
        n_used = n_windows * self._n_hop
        self._n_skipped = max(0, n_used - len(samples))
        self._waiting = [samples[n_used:].copy()]  # a view would keep all of them
        self._n_waiting = len(self._waiting[0])
        at_once = max(1, min(_AT_ONCE, _MOST_SAMPLES // self._n_samples))
        for i in range(0, n_windows, at_once):
            yield windows[i : i + at_once]

    def finish(self):
        """End the stream: half of the last window is behind it.

        Yields
        ------
        windows : ndarray of shape (n_windows, n_samples), float32
        """
        if self._n_read:
            n_read = self._n_read
            yield from self.push(np.zeros(-(-self._n_samples // 2), np.float32))
            self._n_read = n_read


def checked_block(block):
    """A block of a stream as float32.

    Parameters
    ----------
    block : ndarray of shape (n_samples,), float

    Returns
    -------
    waveform : ndarray of shape (n_samples,), float32

    Raises
    ------
    TypeError
        It is something else.
    AudioError
        It has NaN or infinite samples.
    """
    waveform = np.asarray(block)
    if waveform.ndim != 1 or waveform.dtype.kind != "f":
        raise TypeError(
            f"a block must be a waveform of shape (n_samples,) of floats in [-1, 1], got an array of shape "
            f"{waveform.shape} and type {waveform.dtype}"
        )
    if not np.isfinite(waveform).all():
        raise AudioError("block", "has NaN or infinite samples")
    return waveform.astype(np.float32, copy=False)
