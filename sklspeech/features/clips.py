"""X is a collection of clips: paths, waveforms, or recordings in memory."""

import os
from pathlib import Path

import numpy as np

from ..audio.folders import list_folder
from ..audio.levels import check_samples
from ..audio.reading import Samples, read_duration, read_samples
from ..audio.waveforms import as_float, resample
from ..errors import AudioError, check_each
from .recordings import Recording, is_recording, to_recording

_CHANNELS, _SAMPLES = 8, 1000  # an array of so few columns and so many rows is one recording, not many


def check_clips(X):
    """Check a collection of clips.

    Parameters
    ----------
    X : list, array, Series or single-column DataFrame of str or PathLike; or waveforms: an array of shape
        (n, n_samples), or a list of 1-D arrays, of floats; or a list of recordings in memory: the bytes of files,
        binary file objects, or (rate, samples)

    Returns
    -------
    clips : list of str, list of Recording, or sequence of 1-D arrays of floats
        The rows of an array are views of it, so that windows which overlap take no memory.

    Raises
    ------
    TypeError, ValueError
        X is something else, or empty.
    AudioError
        A waveform has no samples, NaN or infinite samples, or samples far beyond [-1, 1].
    """
    if isinstance(X, str | os.PathLike):
        raise TypeError(f"X must be a collection of clips, got the single path {os.fspath(X)!r}: write [path]")
    if is_recording(X):
        raise TypeError(f"X must be a collection of clips, got a single {type(X).__name__}: write [recording]")
    if not isinstance(X, list | tuple):
        X = _from_array(X)
        if X.ndim == 2:
            return _check_waveforms(X)
    if not len(X):
        raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required: X has no clips.")
    if any(map(is_recording, X)):
        return check_each(_check_recording, X)
    are_paths = [isinstance(clip, str | os.PathLike) for clip in X]
    if all(are_paths):
        return check_each(_check_path, X)
    if any(are_paths):
        position = are_paths.index(not are_paths[0])
        raise TypeError(
            f"X must be all paths or all waveforms; entry 0 is {type(X[0]).__name__}, "
            f"entry {position} is {type(X[position]).__name__}"
        )
    return check_each(_check_waveform, X)


def check_recordings(source):
    """Check recordings that are given one by one, or as a folder.

    Parameters
    ----------
    source : str or PathLike of a folder, or what `check_clips` takes

    Returns
    -------
    clips : list of str, or sequence of 1-D arrays of floats

    Raises
    ------
    AudioError
        It is no folder, there is no recording in it, or one cannot be used.
    """
    if not isinstance(source, str | os.PathLike):
        return check_clips(source)
    folder = Path(source)
    found = [folder / name for name in list_folder(folder).recordings] if folder.is_dir() else []
    if not found:
        raise AudioError(str(folder), "is no folder with recordings")
    return check_clips(found)


def clip_name(clip, position):
    """How an error names a clip.

    Parameters
    ----------
    clip : str or ndarray
    position : int
        In X.

    Returns
    -------
    name : str
    """
    if isinstance(clip, str):
        return clip
    return f"{'recording' if isinstance(clip, Recording) else 'waveform'} {position} of X"


def clip_duration(clip, sample_rate):
    """Seconds of a checked clip.

    Parameters
    ----------
    clip : str, Recording or ndarray of shape (n_samples,), float
        An entry of what `check_clips` gives.
    sample_rate : int
        Hertz, of waveforms.

    Returns
    -------
    duration : float
    """
    if isinstance(clip, str):
        return read_duration(clip)
    return clip.duration if isinstance(clip, Recording) else len(clip) / sample_rate


def read_clip(clip, sample_rate, n_samples=None):
    """The samples of a checked clip, read where it is a path.

    Parameters
    ----------
    clip : str, Recording or ndarray of shape (n_samples,), float
        An entry of what `check_clips` gives.
    sample_rate : int
        Hertz, for paths.
    n_samples : int or None, default=None
        How many of the first are needed; None is all.

    Returns
    -------
    read : Samples
        See `audio.reading.read_samples`; waveforms are given as float32.
    """
    if isinstance(clip, str):
        return read_samples(clip, sample_rate, n_samples)
    if isinstance(clip, Recording):
        waveform = resample(clip.waveform, clip.sample_rate, sample_rate)
        return Samples(waveform[:n_samples], clip.sample_rate, clip.duration)
    needed = np.ascontiguousarray(clip if n_samples is None else clip[:n_samples], dtype=np.float32)
    return Samples(needed, sample_rate, len(clip) / sample_rate)


def clip_waveform(clip, sample_rate):
    """The waveform of a checked clip, read where it is a path.

    Parameters
    ----------
    clip : str, Recording or ndarray of shape (n_samples,), float
        An entry of what `check_clips` gives.
    sample_rate : int
        Hertz, for paths.

    Returns
    -------
    waveform : ndarray of shape (n_samples,), float32
    """
    return as_float(read_clip(clip, sample_rate).samples)


def _check_recording(clip, position):
    if not is_recording(clip):
        raise TypeError(
            f"X must be all paths, all waveforms or all recordings in memory; entry {position} is {type(clip).__name__}"
        )
    return to_recording(clip, position)


def _check_path(path, position):
    """A path as text."""
    path = os.fspath(path)
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not path or "\0" in path:
        raise AudioError(f"entry {position} of X", f"is no path: {path[:100]!r}")
    return path


def _from_array(X):
    """The values of an array, Series or frame: 1-D of clips, or 2-D of samples."""
    if hasattr(X, "toarray"):
        raise TypeError("X is a sparse matrix, but dense data is required: paths or waveforms")
    if isinstance(X, set | frozenset | dict) or hasattr(X, "__next__"):
        raise TypeError(
            f"X must be a sequence of clips, got a {type(X).__name__}, which has no order or is used up at once: "
            "write list(X)"
        )
    names = [str(name) for name in getattr(X, "columns", ())]
    values = np.asarray(X)
    if values.ndim == 2 and values.shape[1] == 1 and values.dtype.kind in "OUT":
        values = values[:, 0]
    if values.ndim == 2 and (values.dtype.kind in "UT" or _has_text(values)):
        name = repr(names[0]) if names else 0
        raise TypeError(
            f"X has {values.shape[1]} columns{f': {names[:10]}' if names else ''}, expected one of paths: "
            f"{f'X[{name}]' if names else f'X[:, {name}]'}, or a ColumnTransformer before the features"
        )
    if values.ndim == 2 or (values.ndim == 1 and values.dtype.kind in "OUT"):
        return values
    raise ValueError(
        f"X must be paths (n,) or waveforms (n, n_samples), got an array of shape {values.shape} and type "
        f"{values.dtype}. Reshape your data: a single waveform is X.reshape(1, -1)."
    )


def _has_text(values):
    """Whether there is a path among the first values of a table of objects."""
    first = values[:1].ravel()[:100]
    return values.dtype.kind == "O" and any(isinstance(value, str | os.PathLike) for value in first)


def _check_waveforms(X):
    """A 2-D array of waveforms, as floats; nothing is copied that is so already."""
    if X.dtype.kind in "iub":
        raise TypeError(
            f"X has samples of type {X.dtype}, expected floats in [-1, 1]: divide PCM samples by their largest value"
        )
    if X.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: X has samples of type {X.dtype}")
    if X.dtype.kind != "f":
        X = X.astype(np.float32)
    if 0 in X.shape:
        raise ValueError(f"Found array with {_none_of(X.shape)} (shape={X.shape}) while a minimum of 1 is required.")
    if X.shape[1] <= _CHANNELS and X.shape[0] >= _SAMPLES:
        raise ValueError(
            f"X of shape {X.shape} would be {X.shape[0]} waveforms of {X.shape[1]} samples. One recording of "
            f"{X.shape[1]} channels is X.mean(axis=1).reshape(1, -1)"
        )
    check_each(lambda waveform, position: check_samples(waveform, clip_name(waveform, position)), X)
    return X


def _none_of(shape):
    return "0 feature(s)" if shape[0] else "0 sample(s)"


def _check_waveform(clip, position):
    source = clip_name(None, position)
    if isinstance(clip, tuple) and sum(isinstance(part, np.ndarray) for part in clip) == 1:
        raise TypeError(f"{source}: got a tuple of samples and rate, expected (rate, samples), or the samples alone")
    try:
        waveform = np.asarray(clip)
    except ValueError as error:
        raise TypeError(f"{source}: expected a path or a 1-D array of floats in [-1, 1] ({error})") from error
    if waveform.ndim != 1 or waveform.dtype.kind != "f":
        raise TypeError(
            f"{source}: expected a path or a 1-D array of floats in [-1, 1], got {type(clip).__name__} of shape "
            f"{waveform.shape} and type {waveform.dtype}"
        )
    if not len(waveform):
        raise AudioError(source, "has no samples")
    check_samples(waveform, source)
    return waveform
