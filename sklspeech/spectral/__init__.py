"""Samples become spectra: pure functions of NumPy and SciPy."""

from .spectrogram import (
    count_frames,
    delta,
    hz_to_mel,
    mel_filter_bank,
    mel_spectrogram,
    mel_spectrograms,
    mel_to_hz,
    mfcc,
    normalize,
    power_to_db,
    powers_to_db,
    window_taps,
)

__all__ = [
    "count_frames",
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
