"""A recording is read whole, or as far as is asked for, or refused with its name and its fault."""

import io
import os
import tempfile
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import numpy as np
import soundfile

from ..errors import AudioError, AudioWarning
from . import containers, mpeg
from .levels import ChannelMixer, check_samples, mix
from .ogg import read_pages
from .source import WHOLE, Span, open_source, split_segment
from .wav import MAX_CHANNELS, find_all_samples, read_pcm16
from .waveforms import as_float, fit_length, resample

#: Endings of the files that libsndfile reads; .raw has no header.
EXTENSIONS = {f".{name.lower()}" for name in soundfile.available_formats()} - {".raw"} | {".aif", ".oga", ".opus"}
#: Sample rates in hertz; what no microphone or interface records is a broken header.
RATES = (1_000, 768_000)
_UNKNOWN_FRAMES = 2**62  # what libsndfile makes of a FLAC file without a length
_VALUES_AT_ONCE = 2**22  # that memory is taken for before a file has shown that it has them
_VALUES_A_SECOND = 2**19  # of recordings whose size is limited: two channels at 192 kHz, eight at 48 kHz
_NAME: ContextVar = ContextVar("name", default=None)  # of a recording whose file is a temporary one
_PLAUSIBLE = 100  # samples a byte, which few formats reach; a header that says more is not believed
_SECONDS_OF_FILTER = 0.1  # beyond the end of what is resampled; with a twentieth results differ by rounding
_BEYOND = 0.1  # seconds that a segment may end behind its recording
_MPEG_DELAY = 4  # frames by which encoder and decoder shift a stream, at most


class Samples(NamedTuple):
    """Samples of a recording, and what is known of the file: Hertz, and seconds of the whole."""

    samples: np.ndarray
    sample_rate: int
    duration: float


def read_waveform(path, sample_rate=16000):
    """Read a recording as one channel at one sample rate, as ``librosa.load(path, sr=sample_rate)``.

    A missing end is noticed in WAV, FLAC, OGG and MP3 files; AIFF, AU, W64 and RF64 files give what is there. A file
    that has no mark at its end, though none of its samples need be missing, is read with an `AudioWarning`:
    ``warnings.simplefilter("error", sklspeech.AudioWarning)`` refuses it.

    Parameters
    ----------
    path : str or PathLike
        WAV, FLAC, OGG, MP3 or whatever else libsndfile reads; with PyAV (``pip install 'sklspeech[av]'``) MPEG-4, WebM,
        AAC and AMR as well. Channels are averaged. A name that ends in ``#t=1.5,3`` is the part from 1.5 to 3 s.
    sample_rate : int, default=16000
        Hertz; other rates are resampled with soxr's high-quality filter.

    Returns
    -------
    waveform : ndarray of shape (n_samples,), float32

    Raises
    ------
    AudioError
        The file is missing, empty, truncated or not audio, it is no regular file, it has no samples, NaN or infinite
        samples or samples far beyond [-1, 1], channels that cancel each other, or a sample rate that nothing records
        with.
    """
    return as_float(read_samples(os.fspath(path), sample_rate).samples)


def read_samples(path, sample_rate, n_samples=None):
    """Read a recording as `read_waveform` does, or its 16-bit samples where they need no change.

    Parameters
    ----------
    path : str
    sample_rate : int
        Hertz.
    n_samples : int or None, default=None
        How many of the first are needed: no more of the file is read and checked than they take. None reads all.

    Returns
    -------
    read : Samples
        Its samples are (n_samples,), float32 in [-1, 1]; or int16, of a WAV file of one channel at this rate. Its rate
        is that of the file.

    Raises
    ------
    AudioError
        As by `read_waveform`.
    """
    file, span = split_segment(path)
    needed = span
    if n_samples is not None:
        stop = span.start + n_samples / sample_rate + _SECONDS_OF_FILTER
        needed = Span(span.start, stop if span.stop is None else min(stop, span.stop))
    samples, rate, n_frames = _decode(file, needed)
    if not len(samples):
        beyond = f" from {span.start:g} s on, it ends at {n_frames / rate:g} s" if n_frames else ""
        raise AudioError(path, f"has no samples{beyond}")
    if span.stop is not None and span.stop > n_frames / rate + _BEYOND:
        raise AudioError(path, f"ends at {n_frames / rate:g} s, before the end of the segment: times are in seconds")
    duration = (n_frames / rate if span.stop is None else min(span.stop, n_frames / rate)) - span.start
    if rate != sample_rate or samples.shape[1] > 1:
        waveform = resample(mix(as_float(samples), path), rate, sample_rate)
    else:
        waveform = samples[:, 0]
    if n_samples is not None and len(waveform) > n_samples:
        waveform = fit_length(waveform, n_samples)
    return Samples(waveform, rate, duration)


def decode_bytes(content, name, max_duration=None):
    """Decode the content of a file that is in memory, as `read_waveform` reads one on a disk.

    Parameters
    ----------
    content : bytes
        Of a recording.
    name : str
        How errors name it.
    max_duration : float or None, default=None
        Seconds. A recording of more, which a few bytes may hold, is refused before it takes memory; so are many
        channels at a high rate.

    Returns
    -------
    waveform : ndarray of shape (n_samples,), float32
        At its own rate.
    sample_rate : int
        Hertz.

    Raises
    ------
    AudioError
        As by `read_waveform`.
    """
    with (
        tempfile.TemporaryDirectory(prefix="sklspeech-") as folder,
        _named(name),
    ):  # readers and checks take files alone
        path = os.path.join(folder, "recording")
        with open(path, "wb") as file:
            file.write(content)
        try:
            if max_duration is not None:
                return _read_no_more(path, max_duration)
            samples, rate, _ = _decode(path, WHOLE)
            if not len(samples):
                raise AudioError(path, "has no samples")
            return mix(as_float(samples), path).copy(), rate
        except AudioError as error:
            raise AudioError(name, error.fault.replace(path, name)) from error


@contextmanager
def _named(name):
    """Let warnings name a recording otherwise than its file, which is a temporary one."""
    token = _NAME.set(name)
    try:
        yield
    finally:
        _NAME.reset(token)


def _read_no_more(path, max_duration):
    """A waveform and its rate, read block by block: what decodes to more is refused before it takes memory."""
    waveforms, n_samples, mixer = [], 0, ChannelMixer()
    for samples, rate in _read_blocks(path, Span(0.0, max_duration + 1.0), 1.0):
        n_samples += len(samples)
        if n_samples > max_duration * rate:
            raise AudioError(path, f"is longer than {max_duration:g} s")
        if rate * samples.shape[1] > _VALUES_A_SECOND:
            raise AudioError(path, f"has {samples.shape[1]} channels at {rate} Hz, which is more than is taken")
        check_samples(samples, path)
        waveforms.append(mixer.mix(samples))
    if not n_samples:
        raise AudioError(path, "has no samples")
    mixer.check(path)
    return np.concatenate(waveforms), rate


def read_blocks(path, duration=1.0):
    """Read a recording block by block: never all of it is in memory, but of formats that PyAV decodes.

    Parameters
    ----------
    path : str or PathLike
        A recording, as `read_waveform` takes it.
    duration : float, default=1.0
        Seconds of a block, of which the last one may have fewer.

    Yields
    ------
    samples : ndarray of shape (n_samples, n_channels), float32 in [-1, 1]
    sample_rate : int
        Hertz, of the file.

    Raises
    ------
    AudioError
        As by `read_waveform`; a fault is found when its block is read, a missing end behind the last one.
    """
    path = os.fspath(path)
    file, span = split_segment(path)
    n_samples = 0
    for samples, rate in _read_blocks(file, span, duration):
        check_samples(samples, path)
        n_samples += len(samples)
        yield samples, rate
    if not n_samples:
        raise AudioError(path, "has no samples")


def _read_blocks(path, span, duration):
    with open_source(path) as (content, descriptor):
        if name := _foreign_format(content):
            samples, rate, _ = containers.read_with_av(path, name, descriptor, span)
            n_at_once = max(1, round(duration * rate))
            yield from ((samples[i : i + n_at_once], rate) for i in range(0, len(samples), n_at_once))
            return
        with _open(path, content, descriptor) as opened:
            file = _with_known_end(path, opened, content)
            rate = file.samplerate
            first, count = span.frames(rate)
            expected = max(0, file.frames - first) if count is None else min(count, file.frames - first)
            for _ in _blocks(path, file, first - _seek(file, first)):
                pass
            n_samples = 0
            for block in _blocks(path, file, expected, max(1, round(duration * rate))):
                n_samples += len(block)
                yield block, rate
            if n_samples < expected < _UNKNOWN_FRAMES - first:
                raise AudioError(path, f"is truncated: {n_samples} samples, its header says {expected}")


def read_duration(path):
    """Duration of a recording, from its header where that can be believed.

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
    path, span = split_segment(os.fspath(path))
    duration = _read_duration(path)
    return (duration if span.stop is None else min(span.stop, duration)) - span.start


def _read_duration(path):
    """That of a whole file."""
    with open_source(path) as (content, descriptor):
        if name := _foreign_format(content):
            return containers.duration_with_av(path, name, descriptor)
        with _open(path, content, descriptor) as file:
            return _count_frames(path, file, content) / file.samplerate


def _decode(path, span):
    """Samples of a part of a file, (n_samples, n_channels), float32 in [-1, 1] or 16-bit integers; rate; its frames."""
    samples, rate, n_frames = read_pcm16(path, span)
    if samples is not None:
        _check_rate(path, rate)
        return samples, rate, n_frames
    with open_source(path) as (content, descriptor):
        if name := _foreign_format(content):
            samples, rate, n_frames = containers.read_with_av(path, name, descriptor, span)
            _check_rate(path, rate)
        else:
            with _open(path, content, descriptor) as file:
                samples, rate, n_frames = _decode_any(path, file, content, span)
    check_samples(samples, path)
    return samples, rate, n_frames


def _decode_any(path, file, content, span):
    """Whatever libsndfile reads."""
    first, count = span.frames(file.samplerate)
    n_needed = None if count is None else first + count
    is_partly = n_needed is not None and n_needed < file.frames
    n_guessed = file.frames if is_partly and file.format == "MP3" else 0  # counted as far as they are needed
    file = _with_known_end(path, file, content, n_needed if is_partly else None)
    n_frames = max(n_guessed, file.frames)
    samples = _read_frames(path, file, first, n_frames - first if count is None else min(count, n_frames - first))
    if n_frames >= _UNKNOWN_FRAMES:
        n_frames = first + len(samples)
    elif first + len(samples) < min(n_frames, n_frames if n_needed is None else n_needed):
        raise AudioError(path, f"is truncated: {first + len(samples)} samples, its header says {n_frames}")
    return samples, file.samplerate, n_frames


def _with_known_end(path, file, content, n_needed=None):
    """A file whose end, if all of it is needed, is where its header says; an MP3 file may be opened again."""
    if file.format in ("WAV", "WAVEX"):
        find_all_samples(path, content)
    if file.format == "MP3":
        return _with_right_length(path, file, content, n_needed)
    if n_needed is None:
        _check_streams(path, file.format, content)
    return file


def _read_frames(path, file, first, count):
    """Some frames, (count, n_channels), or as many as there are."""
    for _ in _blocks(path, file, first - _seek(file, first)):
        pass
    blocks = list(_blocks(path, file, count))
    return blocks[0] if len(blocks) == 1 else np.concatenate([np.empty((0, file.channels), np.float32), *blocks])


def _blocks(path, file, count, n_at_once=None):
    """The next frames, in pieces: a header that claims billions of them takes no memory."""
    most = max(1, _VALUES_AT_ONCE // file.channels)
    n_at_once = most if n_at_once is None else min(n_at_once, most)
    while count > 0:
        try:
            block = file.read(min(count, n_at_once), dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise AudioError(path, f"cannot be decoded, it is damaged or truncated ({error})") from error
        if not len(block):
            return
        count -= len(block)
        yield block


def _seek(file, first):
    """Go to a frame where that is exact; how many frames were passed."""
    if not 0 < first < file.frames or file.format == "MP3":
        return 0
    try:
        return file.seek(first)
    except soundfile.SoundFileError:
        return 0


class _InOrder(soundfile.SoundFile):
    """A file that is read from its beginning on: some formats, such as GSM 6.10, cannot seek."""

    def seekable(self):
        return False


def _open(path, content, descriptor):
    """Open a file whose header is sound."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        # By its descriptor: by its name libsndfile would look for Apple's file of the same name with ._ before it.
        file = _InOrder(descriptor, closefd=False)
    except (soundfile.SoundFileError, TypeError) as error:
        raise AudioError(path, f"is not audio that can be read ({_without_address(error)})") from error
    try:
        _check_rate(path, file.samplerate)
        if file.channels > MAX_CHANNELS:
            raise AudioError(path, f"has {file.channels} channels, expected 1 to {MAX_CHANNELS}")
    except AudioError:
        file.close()
        raise
    return file


def _without_address(error):
    return str(error).partition(": ")[2] or error


def _foreign_format(content):
    """The name of a format that libsndfile does not read, or None."""
    return containers.format_of(content[0:16])


def _check_rate(path, rate):
    if not RATES[0] <= rate <= RATES[1]:
        raise AudioError(path, f"has a sample rate of {rate} Hz, expected {RATES[0]} to {RATES[1]}")


def _check_streams(path, file_format, content):
    """Raise where libsndfile would read the first of several streams, or pass over a missing end."""
    if file_format == "FLAC" and _holds_second_flac(content):
        raise AudioError(path, "holds several FLAC streams, of which the first would be read: join them as one")
    if file_format != "OGG":
        return
    pages = read_pages(content)
    if pages.n_streams > 1:
        raise AudioError(path, f"holds {pages.n_streams} streams, of which the first would be read: split it")
    if not pages.is_whole:
        raise AudioError(path, "is truncated: its last page is cut")
    if not pages.has_end:
        _warn_of_no_end(path, "its stream has no mark at its end, as of a recorder that was stopped")


def _holds_second_flac(content):
    mark = b"fLaC\0\0\0\x22"  # the beginning of a stream, and of its first block
    step, last = 2**20, b""
    for start in range(4, len(content), step):
        some = last + content[start : start + step]
        if mark in some:
            return True
        last = some[-len(mark) :]
    return False


def _with_right_length(path, file, content, n_needed):
    """An MP3 file as libsndfile opened it; or opened again with the number of its frames, where that was a guess."""
    margin = 0 if n_needed is None else n_needed + _MPEG_DELAY * 1152
    stream = mpeg.find_stream(path, content, margin or None)
    if stream is None or stream.frame.layer != 1 or (n_needed is not None and stream.has_xing):
        return file
    shift = _MPEG_DELAY * stream.frame.n_samples
    is_right = file.frames == stream.n_samples or (stream.has_xing and abs(file.frames - stream.n_samples) <= shift)
    if stream.has_xing and file.frames - stream.n_samples > shift:
        raise AudioError(path, f"is truncated: {stream.n_samples} samples, its header says {file.frames}")
    if stream.is_cut and n_needed is None:
        _warn_of_no_end(path, "its last frame is cut")
    if is_right and n_needed is None:
        return file
    file.close()
    return _InOrder(io.BytesIO(mpeg.with_length(stream, content)))


def _count_frames(path, file, content):
    """Frames of a file, counted where its header does not tell or cannot be right."""
    if file.format == "MP3":
        return _with_right_length(path, file, content, None).frames
    if file.format in ("WAV", "WAVEX"):
        chunk = find_all_samples(path, content)
        if chunk.wav_format is not None and chunk.wav_format.is_pcm16:
            return chunk.length // chunk.wav_format.bytes_a_frame
    if file.frames <= _PLAUSIBLE * len(content):
        return file.frames
    n_frames = sum(map(len, _blocks(path, file, file.frames)))
    if n_frames < file.frames < _UNKNOWN_FRAMES:
        raise AudioError(path, f"is truncated: {n_frames} samples, its header says {file.frames}")
    return n_frames


def _warn_of_no_end(path, fault):
    warnings.warn(AudioWarning(f"{_NAME.get() or path}: {fault}; what there is is taken for all of it"), stacklevel=2)
