"""A recording becomes samples: reading, resampling, trimming."""

from .reading import (
    EXTENSIONS,
    AudioError,
    AudioLoader,
    check_clips,
    clip_waveform,
    fit_length,
    read_duration,
    read_waveform,
    resample,
    trim_silence,
    typical_duration,
)

__all__ = [
    "EXTENSIONS",
    "AudioError",
    "AudioLoader",
    "check_clips",
    "clip_waveform",
    "fit_length",
    "read_duration",
    "read_waveform",
    "resample",
    "trim_silence",
    "typical_duration",
]
