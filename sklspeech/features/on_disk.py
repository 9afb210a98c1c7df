"""Features of a corpus on disk: one .npy file that is mapped into memory, and an index of the clips."""

import hashlib
import itertools
import json
import os
from pathlib import Path

import numpy as np

from .._runtime.files import atomic_write
from .._runtime.progress import Progress
from .._runtime.public import public
from ..audio.source import split_segment

_FEATURES, _INDEX, _UNFINISHED = "features.npy", "index.npz", "unfinished.json"
_AT_ONCE = 512  # clips that are transformed and written together


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
        is_begun = (folder / _UNFINISHED).is_file()
        why = "they were not written to their end: call transform_to again, it goes on" if is_begun else "it has none"
        raise ValueError(f"features cannot be loaded from {folder}: {why}")
    values = np.load(folder / _FEATURES, mmap_mode="r", allow_pickle=False)
    with np.load(folder / _INDEX, allow_pickle=False) as index:
        starts, is_ragged = index["starts"], bool(index["is_ragged"])
    if len(values) != starts[-1]:
        raise ValueError(f"{folder / _FEATURES} has {len(values)} frames, its index says {starts[-1]}")
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
        state = os.stat(split_segment(clip)[0])
        return clip, state.st_size, state.st_mtime_ns
    waveform, rate = getattr(clip, "waveform", clip), getattr(clip, "sample_rate", None)
    return rate, hashlib.blake2b(np.ascontiguousarray(waveform).data, digest_size=16).hexdigest()


class FeatureWriter:
    """Writes features block by block; where it was interrupted, another one goes on.

    Parameters
    ----------
    folder : str or PathLike
        Made where it is missing.
    key : str
        Of clips and parameters: what was begun with others is begun anew.
    """

    def __init__(self, folder, key):
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._key = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
        self._lengths: list[int] = []
        self._is_ragged = False
        self._header = 0

    def write(self, transform, clips, title):
        """Write the features of all clips.

        Parameters
        ----------
        transform : callable
            From some clips to their features.
        clips : sequence
        title : str
            For the progress.
        """
        if self._is_done():
            return
        (self._folder / _INDEX).unlink(missing_ok=True)
        self._resume()
        with open(self._folder / _FEATURES, "r+b" if self._lengths else "w+b") as file:
            if self._lengths:
                file.truncate(self._header + 4 * self._n_features * sum(self._lengths))
                file.seek(0, os.SEEK_END)
            with Progress(title, len(clips)) as progress:
                progress.advance(len(self._lengths))
                for first in range(len(self._lengths), len(clips), _AT_ONCE):
                    rows = transform(clips[first : first + _AT_ONCE])
                    self._append(file, rows)
                    progress.advance(len(rows))
            self._write_header(file, sum(self._lengths))
        starts = np.concatenate([[0], np.cumsum(self._lengths)]).astype(np.int64)
        with atomic_write(self._folder / _INDEX) as unchecked, open(unchecked, "wb") as index:
            np.savez(index, starts=starts, is_ragged=self._is_ragged, key=self._key)
        (self._folder / _UNFINISHED).unlink(missing_ok=True)

    def _is_done(self):
        if not (self._folder / _INDEX).is_file():
            return False
        with np.load(self._folder / _INDEX, allow_pickle=False) as index:
            return str(index["key"]) == self._key

    def _resume(self):
        """Take over what was written before."""
        path = self._folder / _UNFINISHED
        state = json.loads(path.read_text()) if path.is_file() else {}
        if state.get("key") == self._key:
            self._lengths, self._is_ragged = state["lengths"], state["is_ragged"]
            self._n_features, self._header = state["n_features"], state["header"]

    def _append(self, file, rows):
        if not self._lengths:
            self._is_ragged, self._n_features = isinstance(rows, list), rows[0].shape[1]
            self._write_header(file, 0)
            self._header = file.tell()
        for row in rows:
            file.write(np.ascontiguousarray(row, np.float32).data)
        self._lengths += [len(row) for row in rows]
        file.flush()
        os.fsync(file.fileno())  # before it is said to be there
        state = {"key": self._key, "lengths": self._lengths, "is_ragged": self._is_ragged}
        state |= {"n_features": self._n_features, "header": self._header}
        with atomic_write(self._folder / _UNFINISHED) as unchecked:
            unchecked.write_text(json.dumps(state))

    def _write_header(self, file, n_frames):
        """The header of the file, which NumPy leaves room in for a larger number of rows."""
        file.seek(0)
        header = {"descr": "<f4", "fortran_order": False, "shape": (n_frames, self._n_features)}
        np.lib.format.write_array_header_1_0(file, header)
