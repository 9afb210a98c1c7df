"""Mel filters and analysis windows, and the settings of a mel spectrogram."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

_FILTERS_AT_ONCE = 8  # of the mel bank, or twice as many, or ...; a product with 7 takes longer than one with 8

# Slaney's mel scale: linear below 1 kHz, logarithmic above (Auditory Toolbox, 1998, as in librosa).
_HZ_PER_MEL = 200.0 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


class MelSettings(NamedTuple):
    """Everything that a mel spectrogram depends on besides the waveform; the defaults are 25 ms every 10 ms.

    Parameters
    ----------
    sample_rate : int, default=16000
        Hertz.
    preemphasis : float, default=0.0
        Before all else sample t becomes ``x[t] - preemphasis * x[t - 1]``, as by ``librosa.effects.preemphasis``.
    n_fft : int, default=400
        Samples of a frame.
    hop_length : int, default=160
        Samples from one frame to the next.
    win_length : int or None, default=None
        Samples of the window, centred in the frame; None is `n_fft`.
    window : str or tuple, default="hann"
        Any window of ``scipy.signal.get_window``.
    center : bool, default=True
        Pad the waveform by half a frame on both sides.
    pad_mode : str, default="constant"
        What it is padded with, see ``numpy.pad``.
    power : float, default=2.0
        Exponent of the magnitudes.
    n_mels : int, default=40
        Mel bands.
    fmin : float, default=0.0
        Lowest frequency in hertz.
    fmax : float or None, default=None
        Highest frequency in hertz; None is half of `sample_rate`.
    htk : bool, default=False
        HTK's mel scale instead of Slaney's.
    norm : {"slaney"} or None, default="slaney"
        Filters of the same area, or of the same peak.
    """

    sample_rate: int = 16000
    preemphasis: float = 0.0
    n_fft: int = 400
    hop_length: int = 160
    win_length: int | None = None
    window: str | tuple = "hann"
    center: bool = True
    pad_mode: str = "constant"
    power: float = 2.0
    n_mels: int = 40
    fmin: float = 0.0
    fmax: float | None = None
    htk: bool = False
    norm: str | None = "slaney"

    @property
    def n_bins(self):
        """Frequencies of a frame."""
        return 1 + self.n_fft // 2

    def count_frames(self, n_samples):
        """How many frames a waveform gives.

        Parameters
        ----------
        n_samples : int
            Length of the waveform.

        Returns
        -------
        n_frames : int
            0 where the waveform is shorter than one frame and `center` is False.
        """
        n_padded = n_samples + 2 * (self.n_fft // 2) if self.center else n_samples
        return max(0, 1 + (n_padded - self.n_fft) // self.hop_length)

    def filter_bank(self):
        """The mel filters.

        Returns
        -------
        bank : ndarray of shape (n_mels, n_bins), float32
        """
        return mel_filter_bank(self.sample_rate, self.n_fft, self.n_mels, self.fmin, self.fmax, self.htk, self.norm)

    def window_taps(self):
        """The analysis window.

        Returns
        -------
        taps : ndarray of shape (n_fft,), float64
        """
        return window_taps(self.window, self.win_length or self.n_fft, self.n_fft)


def hz_to_mel(frequencies, htk=False):
    """Convert frequencies to mels.

    Parameters
    ----------
    frequencies : float or array-like
        Hertz.
    htk : bool, default=False
        Use HTK's formula, 2595 log10(1 + f / 700), instead of Slaney's.

    Returns
    -------
    mels : ndarray of the same shape, float64
    """
    hz = np.asarray(frequencies, dtype=np.float64)
    if htk:
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    log_part = _BREAK_MEL + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hz < _BREAK_HZ, hz / _HZ_PER_MEL, log_part)


def mel_to_hz(mels, htk=False):
    """Convert mels to frequencies: the inverse of :func:`hz_to_mel`.

    Parameters
    ----------
    mels : float or array-like
        Places on the scale.
    htk : bool, default=False
        Use HTK's formula instead of Slaney's.

    Returns
    -------
    frequencies : ndarray of the same shape, float64
        Hertz.
    """
    mels = np.asarray(mels, dtype=np.float64)
    if htk:
        return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    log_part = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mels, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mels < _BREAK_MEL, mels * _HZ_PER_MEL, log_part)


def mel_filter_bank(sample_rate, n_fft, n_mels, fmin=0.0, fmax=None, htk=False, norm="slaney"):
    """Triangular filters, evenly spaced in mel.

    Parameters
    ----------
    sample_rate : int
        Hertz.
    n_fft : int
        Samples of a frame.
    n_mels : int
        Filters.
    fmin : float, default=0.0
        Lowest frequency, in hertz.
    fmax : float or None, default=None
        Highest frequency, in hertz; None is half of the sample rate.
    htk : bool, default=False
        HTK's mel scale instead of Slaney's.
    norm : {"slaney"} or None, default="slaney"
        "slaney" gives every filter the same area, None the same peak.

    Returns
    -------
    bank : ndarray of shape (n_mels, 1 + n_fft // 2), float32
    """
    fmax = sample_rate / 2 if fmax is None else fmax
    bins = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)  # (n_bins,)
    mels = np.linspace(hz_to_mel(fmin, htk), hz_to_mel(fmax, htk), n_mels + 2)
    edges = mel_to_hz(mels, htk)  # (n_mels + 2,)
    slopes = (bins - edges[:, None]) / np.diff(edges, append=np.inf)[:, None]
    rising = slopes[:-2]
    falling = -(bins - edges[2:, None]) / np.diff(edges)[1:, None]
    bank = np.maximum(0.0, np.minimum(rising, falling))
    if norm == "slaney":
        bank *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return bank.astype(np.float32)


@lru_cache(maxsize=64)
def mel_bank_blocks(settings):
    """The bank as dense blocks, because neighbouring filters share their frequencies and leave out the others.

    Of a power of 2 the filters are for the FFT's packed layout, a column for every real and every imaginary part;
    otherwise they have a column for every frequency. Blocks take 1.1 (40 mels) to 1.5 times (128) less time than one
    dense product, from paths to features (November 2026).

    Parameters
    ----------
    settings : MelSettings

    Returns
    -------
    blocks : list of (slice of filters, slice of columns, ndarray of shape (width, height))
    """
    bank = settings.filter_bank()
    if settings.power == 2:
        bank = np.repeat(bank, 2, axis=1)[:, 1 : 1 + settings.n_fft]  # frequency 0 has one part, as has n_fft / 2
    largest = 2 * settings.n_fft  # weights, most of them 0 in a wide block
    blocks, first, step = [], 0, _FILTERS_AT_ONCE
    while first < len(bank):
        stop = first + step
        while stop < len(bank) and bank[first : stop + step, _support(bank[first : stop + step])].size <= largest:
            stop += step
        columns = _support(bank[first:stop])
        blocks.append((slice(first, stop), columns, np.ascontiguousarray(bank[first:stop, columns].T)))
        first = stop
    return blocks


def _support(filters):
    """The columns from the first to the last one that is not 0 in all filters."""
    columns = np.flatnonzero(filters.any(axis=0))
    return slice(columns[0], columns[-1] + 1) if len(columns) else slice(0, 0)


@lru_cache(maxsize=64)
def window_taps(window, win_length, n_fft):
    """The analysis window, periodic, centred in n_fft samples.

    Parameters
    ----------
    window : str or tuple
        A window of ``scipy.signal.get_window``.
    win_length : int
        Samples of the window.
    n_fft : int
        Samples of the frame in which it is centred.

    Returns
    -------
    taps : ndarray of shape (n_fft,), float64
    """
    taps = _hann(win_length) if window == "hann" and win_length > 1 else _any_window(window, win_length)
    before = (n_fft - win_length) // 2
    taps = np.pad(taps, (before, n_fft - win_length - before))
    taps.setflags(write=False)  # it is cached
    return taps


def _hann(n):
    # Not by scipy.signal, whose import takes 0.2 s: a tenth of a cold start.
    return 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, n + 1)[:-1])


def _any_window(window, n):
    from scipy.signal import get_window

    return get_window(window, n, fftbins=True)
