"""A recording is read whole, or refused with its name and its fault."""

import os
import stat

import numpy as np
import soundfile

from ..errors import AudioError
from .wav import find_all_samples, read_bytes, read_pcm16
from .waveforms import as_float, check_finite, resample

#: Endings of the files that libsndfile reads; .raw has no header.
EXTENSIONS = {f".{name.lower()}" for name in soundfile.available_formats()} - {".raw"} | {".aif", ".oga", ".opus"}
#: Sample rates in hertz; what no microphone or interface records is a broken header.
RATES = (1_000, 768_000)
_UNKNOWN_FRAMES = 2**62  # what libsndfile makes of a FLAC file without a length


def read_waveform(path, sample_rate=16000):
    """Read a recording as one channel at one sample rate, as ``librosa.load(path, sr=sample_rate)``.

    A missing end is noticed in WAV, FLAC and OGG files, and in MP3 files whose header says how long they are; AIFF, AU,
    W64 and RF64 files give what is there.

    Parameters
    ----------
    path : str or PathLike
        WAV, FLAC, OGG, MP3 or whatever else libsndfile reads. Channels are averaged.
    sample_rate : int, default=16000
        Hertz; other rates are resampled with soxr's high-quality filter.

    Returns
    -------
    waveform : ndarray of shape (n_samples,), float32

    Raises
    ------
    AudioError
        The file is missing, empty, truncated or not audio, it has no samples, NaN or infinite samples, or a sample
        rate that nothing records with.
    """
    return as_float(read_samples(os.fspath(path), sample_rate))


def read_samples(path, sample_rate):
    """Read a recording as `read_waveform` does, or its 16-bit samples where they need no change.

    Parameters
    ----------
    path : str
    sample_rate : int
        Hertz.

    Returns
    -------
    samples : ndarray of shape (n_samples,), float32 in [-1, 1]; or int16, of a WAV file of one channel at this rate

    Raises
    ------
    AudioError
        As by `read_waveform`.
    """
    samples, rate = _decode(path)
    if samples.shape[1] == 1 and rate == sample_rate:
        return samples[:, 0]
    samples = as_float(samples)
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1, dtype=np.float32)
    return resample(mono, rate, sample_rate)


def read_duration(path):
    """Duration of a recording, from its header alone.

    Parameters
    ----------
    path : str or PathLike
        A recording.

    Returns
    -------
    duration : float
        Seconds.

    Raises
    ------
    AudioError
        The header cannot be used.
    """
    with _open(os.fspath(path)) as file:
        return file.frames / file.samplerate


def _decode(path):
    """All samples of a file, (n_samples, n_channels), float32 in [-1, 1] or 16-bit integers, and its rate."""
    samples, rate = read_pcm16(path)
    if samples is None:
        samples, rate = _decode_any(path)
    else:
        _check_rate(path, rate)
    if not len(samples):
        raise AudioError(path, "has no samples")
    return samples, rate


def _decode_any(path):
    """Whatever libsndfile reads."""
    with _open(path) as file:
        _check_complete(path, file.format)
        try:
            # The number is told because libsndfile cannot seek in some formats, such as GSM 6.10.
            samples = file.read(file.frames, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise AudioError(path, f"cannot be decoded, it is damaged or truncated ({error})") from error
        if len(samples) < file.frames:
            raise AudioError(path, f"is truncated: {len(samples)} samples, its header says {file.frames}")
        check_finite(samples, path)
        return samples, file.samplerate


def _open(path):
    """Open a file whose header is sound."""
    try:
        state = os.stat(path)
        if stat.S_ISDIR(state.st_mode):
            raise AudioError(path, "is a folder, expected a file")
        if not state.st_size:
            raise AudioError(path, "is empty")
        # soundfile would encode a name itself, and fails where it is not UTF-8.
        file = soundfile.SoundFile(os.fsencode(path) if os.name == "posix" else path)
    except FileNotFoundError as error:
        raise AudioError(path, "does not exist") from error
    except OSError as error:
        raise AudioError(path, f"cannot be read ({error.strerror})") from error
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: headerless formats, told from the extension
        raise AudioError(path, f"is not audio that can be read ({error})") from error
    try:
        _check_rate(path, file.samplerate)
        if file.frames >= _UNKNOWN_FRAMES:
            raise AudioError(path, "does not say how long it is: write it to a file, not to a pipe")
    except AudioError:
        file.close()
        raise
    return file


def _check_rate(path, rate):
    if not RATES[0] <= rate <= RATES[1]:
        raise AudioError(path, f"has a sample rate of {rate} Hz, expected {RATES[0]} to {RATES[1]}")


def _check_complete(path, file_format):
    """Raise where the end of a WAV or OGG file is missing, which libsndfile passes over in silence."""
    if file_format in ("WAV", "WAVEX"):
        find_all_samples(path, read_bytes(path))
    elif file_format == "OGG":
        _check_ogg_complete(path)


def _check_ogg_complete(path):
    """Look for the mark of the end of the stream in the last page (RFC 3533, section 6)."""
    with open(path, "rb") as raw:
        raw.seek(-min(os.fstat(raw.fileno()).st_size, 131_072), os.SEEK_END)  # a page has 65,307 bytes at most
        end = raw.read()
    page = end[max(end.rfind(b"OggS\0"), 0) :]
    lengths = page[27 : 27 + page[26]] if len(page) > 26 else b""
    if not lengths or not page[5] & 4 or len(page) < 27 + len(lengths) + sum(lengths):
        raise AudioError(path, "is truncated: its stream has no end")
