"""A recording becomes samples: reading, resampling, trimming, effects."""

from .effects import add_noise, add_reverberation, change_speed, room_response
from .reading import EXTENSIONS, read_duration, read_waveform
from .stream import AudioStream
from .waveforms import fit_length, resample, trim_silence, typical_duration

__all__ = [
    "EXTENSIONS",
    "AudioStream",
    "add_noise",
    "add_reverberation",
    "change_speed",
    "fit_length",
    "read_duration",
    "read_waveform",
    "resample",
    "room_response",
    "trim_silence",
    "typical_duration",
]
