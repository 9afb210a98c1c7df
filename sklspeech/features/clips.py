"""X is a collection of clips: paths, or waveforms."""

import os

import numpy as np
from sklearn.utils.validation import check_array

from ..audio.reading import read_samples
from ..audio.waveforms import as_float, check_finite
from ..errors import AudioError


def check_clips(X):
    """Check a collection of clips.

    Parameters
    ----------
    X : list, array, Series or single-column DataFrame of str or PathLike; or waveforms: an array of shape
        (n, n_samples), or a list of 1-D arrays, of floats

    Returns
    -------
    clips : list of str, or sequence of 1-D float32 arrays

    Raises
    ------
    TypeError, ValueError
        X is something else, or empty.
    AudioError
        A waveform has no samples, or NaN or infinite ones.
    """
    if isinstance(X, str | bytes | os.PathLike):
        raise TypeError(f"X must be a collection of clips, got the single path {os.fspath(X)!r}: write [path]")
    if not isinstance(X, list | tuple):
        X = _from_array(X)
        if X.ndim == 2:
            return _check_waveforms(X)
    if not len(X):
        raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required: X has no clips.")
    are_paths = [isinstance(clip, str | os.PathLike) for clip in X]
    if all(are_paths):
        return [os.fspath(clip) for clip in X]
    if any(are_paths):
        position = are_paths.index(not are_paths[0])
        raise TypeError(
            f"X must be all paths or all waveforms; entry 0 is {type(X[0]).__name__}, "
            f"entry {position} is {type(X[position]).__name__}"
        )
    return [_check_waveform(clip, position) for position, clip in enumerate(X)]


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
    return clip if isinstance(clip, str) else f"waveform {position} of X"


def clip_samples(clip, sample_rate):
    """The samples of a checked clip, read where it is a path.

    Parameters
    ----------
    clip : str or ndarray of shape (n_samples,), float32
        An entry of what `check_clips` gives.
    sample_rate : int
        Hertz, for paths.

    Returns
    -------
    samples : ndarray of shape (n_samples,), float32; or int16, see `audio.reading.read_samples`
    """
    return read_samples(clip, sample_rate) if isinstance(clip, str) else clip


def clip_waveform(clip, sample_rate):
    """The waveform of a checked clip, read where it is a path.

    Parameters
    ----------
    clip : str or ndarray of shape (n_samples,), float32
        An entry of what `check_clips` gives.
    sample_rate : int
        Hertz, for paths.

    Returns
    -------
    waveform : ndarray of shape (n_samples,), float32
    """
    return as_float(clip_samples(clip, sample_rate))


def _from_array(X):
    """The values of an array, Series or frame: 1-D of clips, or 2-D of samples."""
    if hasattr(X, "toarray"):
        raise TypeError("X is a sparse matrix, but dense data is required: paths or waveforms")
    values = np.asarray(X)
    if values.ndim == 2 and values.shape[1] == 1 and values.dtype.kind in "OUT":
        values = values[:, 0]
    if values.ndim == 2 or (values.ndim == 1 and values.dtype.kind in "OUT"):
        return values
    raise ValueError(
        f"X must be paths (n,) or waveforms (n, n_samples), got an array of shape {values.shape} and type "
        f"{values.dtype}. Reshape your data: a single waveform is X.reshape(1, -1)."
    )


def _check_waveforms(X):
    """A 2-D array of waveforms, as float32."""
    if X.dtype.kind in "iu":
        raise TypeError(
            f"X has samples of type {X.dtype}, expected floats in [-1, 1]: divide PCM samples by their largest value"
        )
    X = check_array(X, dtype=np.float32, order="C", ensure_all_finite=False, input_name="X")
    for position, waveform in enumerate(X):
        check_finite(waveform, clip_name(waveform, position))
    return X


def _check_waveform(clip, position):
    waveform = np.asarray(clip)
    source = clip_name(waveform, position)
    if waveform.ndim != 1 or waveform.dtype.kind != "f":
        raise TypeError(
            f"{source}: expected a path or a 1-D array of floats in [-1, 1], got {type(clip).__name__} of shape "
            f"{waveform.shape} and type {waveform.dtype}"
        )
    if not len(waveform):
        raise AudioError(source, "has no samples")
    check_finite(waveform, source)
    return np.ascontiguousarray(waveform, dtype=np.float32)
