"""Samples become spectra: pure functions of NumPy and SciPy, with librosa's values."""

from .cepstra import delta, mfcc, normalize, power_to_db, powers_to_db
from .filters import MelSettings, hz_to_mel, mel_filter_bank, mel_to_hz, window_taps
from .spectrogram import mel_spectrogram, mel_spectrograms

__all__ = [
    "MelSettings",
    "delta",
    "hz_to_mel",
    "mel_filter_bank",
    "mel_spectrogram",
    "mel_spectrograms",
    "mel_to_hz",
    "mfcc",
    "normalize",
    "power_to_db",
    "powers_to_db",
    "window_taps",
]
