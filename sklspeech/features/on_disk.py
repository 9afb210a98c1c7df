"""Features of a corpus on disk: one .npy file that is mapped into memory, and an index of the clips."""

import hashlib
import itertools
import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np

from .. import __version__
from .._runtime.files import atomic_write, locked
from .._runtime.progress import Progress
from .._runtime.public import public
from ..audio.source import split_segment

_INDEX = "index.npz"
_CLIPS = 512  # that are transformed and written together


@public
def load_features(folder):
    """Features that `transform_to` has written, without reading them: the system reads what is looked at.

    Parameters
    ----------
    folder : str or PathLike
        What `transform_to` was given.

    Returns
    -------
    features : ndarray of shape (n, n_frames, n_features), or list of n arrays of shape (n_frames_i, n_features)
        As `transform` would give them; read-only.

    Raises
    ------
    ValueError
        The folder has no features, or they were not written to their end.

    Examples
    --------
    >>> import tempfile
    >>> from sklspeech import MelFeatures, datasets, load_features
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=2, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     features = MelFeatures(duration=1.0).fit(speech.data).transform_to(speech.data, folder)
    ...     load_features(folder).shape
    (8, 101, 40)
    """
    folder = Path(folder)
    if not (folder / _INDEX).is_file():
        is_begun = any(folder.glob("*.state"))
        why = "they were not written to their end: call transform_to again, it goes on" if is_begun else "it has none"
        raise ValueError(f"features cannot be loaded from {folder}: {why}")
    with np.load(folder / _INDEX, allow_pickle=False) as index:
        starts, is_ragged, name = index["starts"], bool(index["is_ragged"]), Path(str(index["features"])).name
    values = np.load(folder / name, mmap_mode="r", allow_pickle=False)
    if len(values) != starts[-1]:
        raise ValueError(f"{folder / name} has {len(values)} frames, its index says {starts[-1]}")
    if not is_ragged:
        return values.reshape(len(starts) - 1, -1, values.shape[1])
    return [values[start:stop] for start, stop in itertools.pairwise(starts)]


def identify(clip):
    """What tells a clip from another one, and from what it was before a change.

    Parameters
    ----------
    clip : str, ndarray of shape (n_samples,) or Recording

    Returns
    -------
    identity : tuple
    """
    if isinstance(clip, str):
        try:
            state = os.stat(split_segment(clip)[0])
        except (OSError, ValueError):  # which is said when it is read
            return clip, None, None
        return clip, state.st_size, state.st_mtime_ns
    waveform, rate = getattr(clip, "waveform", clip), getattr(clip, "sample_rate", None)
    return rate, hashlib.blake2b(np.ascontiguousarray(waveform).data, digest_size=16).hexdigest()


class FeatureWriter:
    """Writes features block by block; where it was interrupted, another one goes on.

    Every corpus has files of its own, named by a digest: those of another one stay as they are until the index names
    these, because somebody may still be looking at them.

    Parameters
    ----------
    folder : str or PathLike
        Made where it is missing.
    key : str
        Of clips and parameters.
    """

    def __init__(self, folder, key):
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.blake2b(f"{__version__} {key}".encode(), digest_size=12).hexdigest()
        self._features = self._folder / f"features-{digest}.npy"
        # What is needed to go on: the form of the rows; and the length of every clip, which is appended to.
        self._state, self._lengths_file = (self._features.with_suffix(ending) for ending in (".state", ".lengths"))
        self._lengths: list[int] = []

    def write(self, transform, clips, title):
        """Write the features of all clips.

        Parameters
        ----------
        transform : callable
            From some clips to their features, and a list of (name, fault) of those that cannot be read.
        clips : sequence
        title : str
            For the progress.

        Returns
        -------
        failed : list of (str, str)
            Clips that cannot be read.
        """
        with locked(self._features.with_suffix(".lock")):
            if not self._is_done():
                self._write_rest(transform, clips, title)
        with np.load(self._folder / _INDEX, allow_pickle=False) as index:
            return [tuple(pair) for pair in json.loads(str(index["failed"]))]

    def _is_done(self):
        if not (self._folder / _INDEX).is_file() or not self._features.is_file():
            return False
        with np.load(self._folder / _INDEX, allow_pickle=False) as index:
            return str(index["features"]) == self._features.name

    def _write_rest(self, transform, clips, title):
        failed = self._resume()
        with open(self._features, "r+b" if self._lengths else "w+b") as file, Progress(title, len(clips)) as progress:
            if self._lengths:
                file.truncate(self._n_bytes())
                file.seek(0, os.SEEK_END)
            progress.advance(len(self._lengths))
            for first in range(len(self._lengths), len(clips), _CLIPS):
                rows, of_block = transform(clips[first : first + _CLIPS])
                failed += of_block
                self._append(file, rows, failed)
                progress.advance(len(rows))
            self._write_header(file, sum(self._lengths))
        starts = np.concatenate([[0], np.cumsum(self._lengths)]).astype(np.int64)
        with atomic_write(self._folder / _INDEX) as unchecked, open(unchecked, "wb") as index:
            name, told = np.array(self._features.name), np.array(json.dumps(failed))
            np.savez(index, starts=starts, is_ragged=np.array(self._is_ragged), features=name, failed=told)
        self._clean_up()

    def _clean_up(self):
        """Take away what was needed to go on, and features of other corpora."""
        self._state.unlink()
        self._lengths_file.unlink()
        for path in self._folder.glob("features-*.npy"):
            if path != self._features and not path.with_suffix(".state").exists():
                with suppress(OSError):  # Windows keeps what somebody looks at
                    path.unlink()

    def _resume(self):
        """Take over what was written before; the clips that could not be read then."""
        if not self._state.is_file() or not self._features.is_file() or not self._lengths_file.is_file():
            self._lengths_file.unlink(missing_ok=True)
            return []
        state = json.loads(self._state.read_text(encoding="utf-8"))
        self._is_ragged, self._n_features, self._header = state["is_ragged"], state["n_features"], state["header"]
        content = self._lengths_file.read_bytes()
        self._lengths = np.frombuffer(content[: len(content) // 8 * 8], np.int64).tolist()
        if self._features.stat().st_size < self._n_bytes():
            self._lengths = []
        return [tuple(pair) for pair in state["failed"]] if self._lengths else []

    def _n_bytes(self):
        return self._header + 4 * self._n_features * sum(self._lengths)

    def _append(self, file, rows, failed):
        if not self._lengths:
            self._is_ragged, self._n_features = isinstance(rows, list), rows[0].shape[1]
            self._write_header(file, 0)
            self._header = file.tell()
        for row in rows:
            file.write(np.ascontiguousarray(row, np.float32).data)
        file.flush()
        os.fsync(file.fileno())  # before it is said to be there
        lengths = [len(row) for row in rows]
        state = {"is_ragged": self._is_ragged, "n_features": self._n_features, "header": self._header, "failed": failed}
        with atomic_write(self._state) as unchecked:
            unchecked.write_text(json.dumps(state), encoding="utf-8")
        with open(self._lengths_file, "ab" if self._lengths else "wb") as known:
            known.write(np.array(lengths, np.int64).tobytes())
        self._lengths += lengths

    def _write_header(self, file, n_frames):
        """The header of the file, which NumPy leaves room in for a larger number of rows."""
        file.seek(0)
        header = {"descr": "<f4", "fortran_order": False, "shape": (n_frames, self._n_features)}
        np.lib.format.write_array_header_1_0(file, header)
