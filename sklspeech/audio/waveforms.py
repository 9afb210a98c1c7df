"""Waveforms: float32 arrays of shape (n_samples,), one channel, in [-1, 1]."""

import numpy as np
import soxr

_PCM_SCALE = np.float32(2**-15)  # makes 16-bit samples a waveform in [-1, 1]
_TRIM_FRAME, _TRIM_HOP = 2048, 512  # samples, as librosa's


def as_float(samples, out=None):
    """Samples in [-1, 1].

    Parameters
    ----------
    samples : ndarray, float32 or int16
    out : ndarray of the same shape, float32, or None, default=None
        Where the result is put; None is new memory, or none for samples that are floats already.

    Returns
    -------
    waveform : ndarray of the same shape, float32
    """
    is_float = samples.dtype.kind == "f"
    if is_float and out is None:
        return samples
    waveform = np.empty(samples.shape, np.float32) if out is None else out
    waveform[:] = samples
    if not is_float:
        waveform *= _PCM_SCALE  # after the change of type: in one step it takes twice as long
    return waveform


def resample(waveform, rate, new_rate):
    """Change the sample rate, as ``librosa.resample(..., res_type="soxr_hq")``.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        Samples.
    rate : int
        Hertz.
    new_rate : int
        Hertz.

    Returns
    -------
    resampled : ndarray of shape (ceil(n_samples * new_rate / rate),), float32
    """
    if rate == new_rate:
        return np.ascontiguousarray(waveform)
    n_samples = -(-len(waveform) * new_rate // rate)
    return fit_length(soxr.resample(waveform, rate, new_rate, quality="HQ"), n_samples)


def fit_length(waveform, n_samples):
    """Cut the end, or add zeros there, as ``librosa.util.fix_length``.

    Parameters
    ----------
    waveform : ndarray of shape (n,)
        Samples.
    n_samples : int
        Length that it is given.

    Returns
    -------
    fitted : ndarray of shape (n_samples,), of the same type
        A view where nothing had to be added.
    """
    if len(waveform) >= n_samples:
        return waveform[:n_samples]
    fitted = np.zeros(n_samples, waveform.dtype)
    fitted[: len(waveform)] = waveform
    return fitted


def trim_silence(waveform, top_db=60.0):
    """Cut off the quiet beginning and end, as ``librosa.effects.trim``.

    Parameters
    ----------
    waveform : ndarray of shape (n,)
        Samples.
    top_db : float, default=60.0
        A frame is quiet if it is this many dB below the loudest one, or more. Frames are 2048 samples, every 512.
        librosa takes frames with an effective value under 1e-5 for as loud as that, and leaves faint recordings as they
        are.

    Returns
    -------
    trimmed : ndarray of shape (n_trimmed,), of the same type
        A view; the whole waveform where there is only silence.
    """
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    centers = np.arange(0, len(waveform) + 1, _TRIM_HOP)
    ends = np.minimum(centers + _TRIM_FRAME // 2, len(waveform))
    power = energy[ends] - energy[np.maximum(centers - _TRIM_FRAME // 2, 0)]
    loud = np.flatnonzero(power > power.max() * 10 ** (-top_db / 10))
    if not len(loud):
        return waveform
    return waveform[loud[0] * _TRIM_HOP : (loud[-1] + 1) * _TRIM_HOP]


def typical_duration(durations):
    """The longest duration that is no outlier.

    An outlier is longer than the third quartile by more than three times the distance of the quartiles (J. W. Tukey,
    Exploratory Data Analysis, 1977: "far out"), so one forgotten recording of a minute does not lengthen all others.

    Parameters
    ----------
    durations : array-like of shape (n,)
        Seconds.

    Returns
    -------
    duration : float
        Seconds.

    Examples
    --------
    >>> typical_duration([0.5, 0.4, 0.6, 0.5, 27.0])
    0.6
    """
    durations = np.asarray(durations, dtype=np.float64)
    first, third = np.quantile(durations, [0.25, 0.75])
    return float(durations[durations <= third + 3 * (third - first)].max())
