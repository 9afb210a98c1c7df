"""Where float32 is not exact enough, and float64 takes its place.

The errors of a Fourier transform in float32 are those of a noise far below the loudest frequency of a frame, and the
floor of decibels (`top_db`) may hide them. Frames where it does not are done again in float64. Doing all in float64
takes 1.3 times as long with 40 mels and 1.1 times with 128, from paths to features (November 2026).
"""

from functools import lru_cache

import numpy as np

# Decibels below the mean of a frame's power spectrum down to which float32 gives the power of one frequency; mel bands
# of several go further down, see _band_noise_weights. The largest error was 8e-4 dB: 40 and 128 bands of frames of 400
# samples on 7,800 recordings, with 70 dB after pre-emphasis and 75 without, and 1 to 128 bands on tones in noise.
FLOAT32_RANGE_DB = 42.0
_LARGEST_FLOAT32_TOP_DB = 75.0  # above, most speech has so many frames to do again that float64 at once is faster
_FRAMES_OF_GROUP = 8  # that are done again in one product
_TINY = np.finfo(np.float32).tiny


def float32_suffices(power, top_db):
    """Whether float32 is right for most frames.

    Parameters
    ----------
    power : float
        Exponent of the magnitudes.
    top_db : float or None
        What lies more decibels than this below the loudest band of a clip will not be seen.

    Returns
    -------
    suffices : bool
    """
    return power == 2 and top_db is not None and top_db <= _LARGEST_FLOAT32_TOP_DB


def frames_needing_float64(mel, total, settings, top_db):
    """Which frames have bands within `top_db` of their clip's loudest one that are below the range of float32.

    Parameters
    ----------
    mel : ndarray of shape (n_clips, n_frames, n_mels), float32
    total : ndarray of shape (n_clips, n_frames), float32
        Power of all frequencies.
    settings : MelSettings
    top_db : float

    Returns
    -------
    clips, times : ndarray of int
        One entry a frame.
    """
    loudest = mel.reshape(len(mel), -1).max(axis=1, initial=0)
    # A band a little below the floor may be a little above it in truth.
    floors = loudest * np.float32(0.99 * 10 ** (-top_db / 10))
    limits = total * np.float32(10 ** (-FLOAT32_RANGE_DB / 10) / settings.n_bins)  # of one frequency
    weights = _band_noise_weights(settings)
    # Elsewhere the floor hides what is imprecise.
    clips, times = np.nonzero(limits * weights.max() > floors[:, None])
    if not len(clips):
        return clips, times
    bands = mel[clips, times]
    beyond = ((bands > floors[clips, None]) & (bands < limits[clips, times, None] * weights)).any(axis=1)
    return clips[beyond], times[beyond]


def recompute_frames(mel, frames, clips, times, compute, max_frames):
    """Do some frames again, in groups of one size that are filled up with some of them.

    The order in which a matrix product adds may depend on its shape; in groups of one size a frame has the same bits,
    whichever others are done again.

    Parameters
    ----------
    mel : ndarray of shape (n_clips, n_frames, n_mels), float32
        Changed in place.
    frames : ndarray of shape (n_clips, n_frames, n_fft), float32
    clips, times : ndarray of int
        Positions of the frames.
    compute : callable
        Puts the mel bands of frames, (n_groups, 8, n_fft), into an array of shape (n_groups, 8, n_mels).
    max_frames : int
        Frames that are done together at most.
    """
    most = max(1, max_frames // _FRAMES_OF_GROUP)
    n_groups = -(-len(clips) // _FRAMES_OF_GROUP)
    clips, times = (np.resize(indices, (n_groups, _FRAMES_OF_GROUP)) for indices in (clips, times))
    for start in range(0, n_groups, most):
        some = clips[start : start + most], times[start : start + most]
        precise = np.empty((*some[0].shape, mel.shape[-1]), np.float32)
        compute(frames[some], precise)
        mel[some] = precise


@lru_cache(maxsize=64)
def _band_noise_weights(settings):
    """How much power a mel band needs, relative to one frequency, for float32 noise to cause the same error in dB.

    On a spectrum and a noise that are even, the errors of the frequencies of a filter w add up to a standard deviation
    of sqrt(sum(w ** 2)), where the power of its band is sum(w): the wider it is, the more they even out. Above 0.
    """
    bank = settings.filter_bank()
    return np.maximum(np.square(bank).sum(axis=1) / np.maximum(bank.sum(axis=1), _TINY), _TINY)
