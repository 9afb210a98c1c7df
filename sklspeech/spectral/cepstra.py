"""Decibels, cepstra, deltas and normalization of mel spectrograms."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import fft


def power_to_db(power, *, ref: float | Callable = 1.0, amin=1e-10, top_db: float | None = 80.0):
    """Decibels of a power spectrogram of one clip, as ``librosa.power_to_db``.

    Parameters
    ----------
    power : ndarray, float32
        Power of a clip.
    ref : float or callable, default=1.0
        The power of 0 dB; a callable such as ``np.max`` is given `power`.
    amin : float, default=1e-10
        Powers below are raised to this.
    top_db : float or None, default=80.0
        Values more than this below the loudest one of this clip are raised to that floor.

    Returns
    -------
    db : ndarray of the same shape, float32
    """
    if not power.size:
        return power.copy()
    reference = ref(power) if callable(ref) else ref
    flat = power.reshape(1, 1, -1).copy()
    return powers_to_db(flat, ref=reference, amin=amin, top_db=top_db).reshape(power.shape)


def powers_to_db(power, *, ref, amin, top_db):
    """Decibels of the power spectrograms of some clips, in place: `power_to_db` of each.

    Parameters
    ----------
    power : ndarray of shape (n_clips, n_frames, n_mels), float32
        Power of some clips, which becomes their decibels.
    ref : float or callable
        As in `power_to_db`.
    amin : float
        As in `power_to_db`.
    top_db : float or None
        As in `power_to_db`.

    Returns
    -------
    db : ndarray of shape (n_clips, n_frames, n_mels), float32
    """
    references = [np.abs(ref(clip)) for clip in power] if callable(ref) else np.abs(ref)
    zero = 10.0 * np.log10(np.maximum(amin, references))
    floor = np.float32(amin)
    if top_db is not None:
        loudest = power.max(axis=(1, 2), initial=0, keepdims=True)
        floor = np.maximum(loudest * np.float32(10 ** (-top_db / 10)), floor)
        # One a band: 128 are compared with as many in half of the time that it takes with a single one.
        floor = floor.repeat(power.shape[2], axis=2)
    db = np.maximum(power, floor, out=power)
    np.log(db, out=db)  # NumPy's log10 takes four times as long
    db *= np.float32(10.0 / np.log(10.0))
    if zero.any():
        db -= zero.astype(np.float32).reshape(-1, 1, 1)
    return db


def mfcc(db, *, n_mfcc=20, dct_type=2, norm="ortho", lifter=0.0):
    """Cepstral coefficients of a mel spectrogram in decibels, as ``librosa.feature.mfcc(S=db.T).T``.

    Parameters
    ----------
    db : ndarray of shape (..., n_frames, n_mels), float32
        Decibels.
    n_mfcc : int, default=20
        Coefficients.
    dct_type : {1, 2, 3}, default=2
        Type of the cosine transform.
    norm : {"ortho"} or None, default="ortho"
        Whether the transform is orthonormal.
    lifter : float, default=0.0
        Above 0, coefficient k is weighted with ``1 + lifter / 2 * sin(pi * (k + 1) / lifter)``.

    Returns
    -------
    cepstra : ndarray of shape (..., n_frames, n_mfcc), float32
    """
    # In float64: 128 values around -60 dB cancel badly in float32.
    cepstra = db.astype(np.float64) @ _dct_matrix(db.shape[-1], n_mfcc, dct_type, norm)
    if lifter > 0:
        k = np.arange(1, 1 + n_mfcc)
        cepstra *= 1 + lifter / 2 * np.sin(np.pi * k / lifter)
    return cepstra.astype(np.float32)


def delta(features, *, width=9, order=1):
    """Local derivative over time by a Savitzky-Golay filter, as ``librosa.feature.delta``.

    Parameters
    ----------
    features : ndarray of shape (..., n_frames, n_features), float32
        Features over time.
    width : int, default=9
        Frames of the filter, odd; not more than `n_frames`.
    order : int, default=1
        1 is the velocity, 2 the acceleration.

    Returns
    -------
    deltas : ndarray of shape (..., n_frames, n_features), float32
    """
    from scipy.signal import savgol_filter

    deltas = savgol_filter(features, width, deriv=order, polyorder=order, axis=-2, mode="interp")
    return deltas.astype(np.float32, copy=False)


def normalize(features, normalization):
    """Subtract from a clip its own mean.

    Parameters
    ----------
    features : ndarray of shape (n_frames, n_features), float32
        Features of a clip.
    normalization : {"clip", "feature"}
        One mean over frames and features, or one a feature over the frames (cepstral mean normalization, B. S. Atal,
        Effectiveness of Linear Prediction Characteristics of the Speech Wave, 1974).

    Returns
    -------
    normalized : ndarray of shape (n_frames, n_features), float32
    """
    mean = features.mean(axis=None if normalization == "clip" else 0, dtype=np.float64)
    return features - mean.astype(np.float32)


@lru_cache(maxsize=64)
def _dct_matrix(n_mels, n_mfcc, dct_type, norm):
    """The first n_mfcc columns of the cosine transform, (n_mels, n_mfcc)."""
    return fft.dct(np.eye(n_mels), type=dct_type, norm=norm, axis=1)[:, :n_mfcc]
