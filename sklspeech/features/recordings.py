"""Recordings in memory: the bytes of a file, an open file, or a rate and samples."""

import os
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from ..audio.levels import check_samples, mix
from ..audio.reading import RATES, decode_bytes
from ..errors import AudioError

_MOST_CHANNELS = 64
_FULL_SCALE = {"int16": 2.0**15, "int32": 2.0**31, "uint8": 2.0**7}


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording that was decoded already.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        One channel, in [-1, 1].
    sample_rate : int
        Hertz.
    """

    waveform: np.ndarray
    sample_rate: int

    @property
    def duration(self):
        """Seconds."""
        return len(self.waveform) / self.sample_rate


def is_recording(clip):
    """Whether a clip is a recording in memory, decoded or not.

    Parameters
    ----------
    clip : object

    Returns
    -------
    is_recording : bool
    """
    if isinstance(clip, str | os.PathLike):
        return False
    is_pair = isinstance(clip, tuple) and len(clip) == 2 and isinstance(clip[0], Integral)
    return is_pair or isinstance(clip, Recording | bytes | bytearray | memoryview) or hasattr(clip, "read")


def to_recording(clip, position, max_duration=None):
    """Decode a recording in memory.

    Parameters
    ----------
    clip : bytes, binary file object, (int, ndarray), or Recording
        The content of a file; or a rate in hertz and samples of shape (n_samples,) or (n_samples, n_channels), floats
        in [-1, 1] or PCM samples of 8, 16 or 32 bits, as `scipy.io.wavfile.read` gives them.
    position : int
        In X.
    max_duration : float or None, default=None
        Seconds; longer ones are refused.

    Returns
    -------
    recording : Recording

    Raises
    ------
    AudioError
        It cannot be used.
    TypeError
        A file object gives text, or samples are of another type or shape.
    """
    recording = _decoded(clip, f"recording {position} of X", max_duration)
    if max_duration is not None and recording.duration > max_duration:
        raise AudioError(f"recording {position} of X", f"is longer than {max_duration:g} s")
    return recording


def _decoded(clip, name, max_duration):
    if isinstance(clip, Recording):
        return clip
    if isinstance(clip, tuple):
        return _of_samples(int(clip[0]), clip[1], name)
    if hasattr(clip, "read"):
        clip = _read_all(clip)
        if not isinstance(clip, bytes | bytearray | memoryview):
            raise TypeError(f"{name}: a file must be opened in binary mode, it gave {type(clip).__name__}")
    if not len(clip):
        raise AudioError(name, "is empty")
    return Recording(*decode_bytes(bytes(clip), name, max_duration))


def _read_all(file):
    """The rest of a file, which is left where it was: `fit` and `transform` may both ask for it."""
    if not (hasattr(file, "seekable") and file.seekable()):
        return file.read()
    place = file.tell()
    content = file.read()
    file.seek(place)
    return content


def _of_samples(rate, samples, name):
    if not RATES[0] <= rate <= RATES[1]:
        raise AudioError(name, f"has a sample rate of {rate} Hz, expected {RATES[0]} to {RATES[1]}")
    samples = np.asarray(samples)
    if samples.ndim not in (1, 2) or (samples.dtype.kind != "f" and samples.dtype.name not in _FULL_SCALE):
        raise TypeError(
            f"{name}: expected samples of shape (n_samples,) or (n_samples, n_channels), of floats or of "
            f"{', '.join(_FULL_SCALE)}, got {samples.dtype} of shape {samples.shape}"
        )
    if samples.ndim == 2 and samples.shape[1] > _MOST_CHANNELS:
        raise TypeError(f"{name}: has {samples.shape[1]} channels; samples are of shape (n_samples, n_channels)")
    if not samples.size:
        raise AudioError(name, "has no samples")
    if samples.dtype.kind != "f":
        offset = 128.0 if samples.dtype == np.uint8 else 0.0
        samples = (samples - offset) / _FULL_SCALE[samples.dtype.name]
    samples = samples.astype(np.float32)
    check_samples(samples, name)
    return Recording(samples if samples.ndim == 1 else mix(samples, name), rate)
