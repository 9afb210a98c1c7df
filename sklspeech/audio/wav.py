"""WAV files of 16-bit samples, read without the detour through libsndfile: 55 us a file instead of 193."""

import os
import struct
import warnings
from typing import NamedTuple

import numpy as np

from ..errors import AudioError, AudioWarning
from .source import FLAGS, WHOLE, FileBytes

_CHUNK = struct.Struct("<4sI")  # name, length
_FORMAT = struct.Struct("<HHIIHH")  # the fields of WavFormat
_PCM = 1  # tag of linear samples
_PLAIN_HEADER = 44  # bytes of a header without anything but format and samples
_OTHER_CHUNKS = 1024  # bytes of a longer header for which there is room in a row
_BYTES_AT_ONCE = 124 * 2**10  # four seconds at 16 kHz; from 128 kB on memory comes from the system, which takes longer
# Programs that write to a pipe do not know the length: from here up the header says nothing.
_UNKNOWN_LENGTH = 0x7FFF0000  # bytes
_MAX_CHUNKS = 1000
MAX_CHANNELS = 1024  # as in libsndfile


class WavFormat(NamedTuple):
    """The fields of the chunk ``fmt``."""

    tag: int
    n_channels: int
    sample_rate: int
    bytes_a_second: int
    bytes_a_frame: int
    bits: int

    @property
    def is_pcm16(self):
        """Whether samples are linear, of 16 bits."""
        of_channels = 0 < self.n_channels <= MAX_CHANNELS and self.bytes_a_frame == 2 * self.n_channels
        return self.tag == _PCM and self.bits == 16 and of_channels


class SampleChunk(NamedTuple):
    """Where the samples of a WAV file are; `wav_format` is None where there are none, or no format before them."""

    wav_format: WavFormat | None
    start: int
    length: int


def is_wav(path):
    """Whether a file has the name of a WAV file.

    Parameters
    ----------
    path : str

    Returns
    -------
    is_wav : bool
    """
    return path[-4:].lower() == ".wav" or path[-5:].lower() == ".wave"


def _chunks(content):
    """Name, start and length of every chunk of a WAV file, as far as their lengths lead."""
    if content[0:4] != b"RIFF" or content[8:12] != b"WAVE":
        return
    position = 12
    for _ in range(_MAX_CHUNKS):
        header = content[position : position + _CHUNK.size]
        if len(header) < _CHUNK.size:
            return
        name, length = _CHUNK.unpack(header)
        yield name, position + 8, length
        position += 8 + length + length % 2  # chunks are padded to an even length


def find_samples(path, content):
    """Find the samples of a WAV file.

    Parameters
    ----------
    path : str
        For the error.
    content : bytes, memoryview or FileBytes
        The file, or its beginning.

    Returns
    -------
    chunk : SampleChunk
        Start and length in bytes, as the header says, whatever `content` has of them.

    Raises
    ------
    AudioError
        There are two chunks of a kind, or another file follows: readers differ in which one they take.
    """
    found: dict[bytes, tuple[int, int]] = {}
    has_format_first = False
    for name, start, length in _chunks(content):
        if name in found or name == b"RIFF":
            what = name.decode("ascii").strip()
            raise AudioError(path, f"has more than one chunk {what!r}, of which readers take one or the other")
        if name in (b"fmt ", b"data"):
            found[name] = start, length
            has_format_first |= name == b"fmt " and length >= _FORMAT.size
        if name == b"data" and (length >= _UNKNOWN_LENGTH or not has_format_first):
            break
    if b"data" not in found or not has_format_first:
        return SampleChunk(None, 0, 0)
    begin = found[b"fmt "][0]
    fields = content[begin : begin + _FORMAT.size]
    wav_format = WavFormat(*_FORMAT.unpack(fields)) if len(fields) == _FORMAT.size else None
    return SampleChunk(wav_format, *found[b"data"])


def find_all_samples(path, content):
    """Find the samples of a whole WAV file, none of which may be missing.

    Parameters
    ----------
    path : str
        For the error.
    content : bytes or FileBytes
        The file.

    Returns
    -------
    chunk : SampleChunk
        Its length is that of the samples in the file.

    Raises
    ------
    AudioError
        The end is missing, or there are two chunks of a kind.
    """
    wav_format, start, length = find_samples(path, content)
    n_bytes = len(content) - start
    if n_bytes < length < _UNKNOWN_LENGTH:
        raise AudioError(path, f"is truncated: {n_bytes} bytes of samples, its header says {length}")
    if wav_format is not None and not length and n_bytes and not _leads_to_the_end(content, start):
        if not wav_format.is_pcm16:
            raise AudioError(path, f"has a header that says 0 bytes of samples, {n_bytes} follow")
        warnings.warn(
            AudioWarning(f"{path}: its header says 0 bytes of samples; the {n_bytes} that follow are taken for them"),
            stacklevel=2,
        )
        length = n_bytes
    return SampleChunk(wav_format, start, min(length, n_bytes))


def _leads_to_the_end(content, position):
    """Whether chunks follow that fill the file: there are no samples then."""
    while position < len(content) - 1:
        header = content[position : position + _CHUNK.size]
        if len(header) < _CHUNK.size:
            return False
        length = _CHUNK.unpack(header)[1]
        position += 8 + length + length % 2
    return position <= len(content) + 1


def read_pcm16(path, span=WHOLE):
    """The samples of a WAV file of 16-bit samples, with the same result as by libsndfile.

    Parameters
    ----------
    path : str
    span : Span, default=WHOLE
        The part to read.

    Returns
    -------
    samples : ndarray of shape (n_samples, n_channels), int16, or None
        None where the file is another one, or cannot be read.
    sample_rate : int
        Hertz; 0 with None.
    n_frames : int
        Of the whole file.

    Raises
    ------
    AudioError
        The end is missing, or there are two chunks of a kind.
    """
    if not is_wav(path):
        return None, 0, 0
    try:
        descriptor = os.open(path, FLAGS)
    except (OSError, ValueError):
        return None, 0, 0
    try:
        return _read_pcm16(path, descriptor, span)
    except OSError:  # a folder, a pipe
        return None, 0, 0
    finally:
        os.close(descriptor)


def _read_pcm16(path, descriptor, span):
    """That of an open file, in as few calls as can be: after each of them a thread waits for the interpreter lock."""
    content = os.read(descriptor, _BYTES_AT_ONCE)
    is_all = len(content) < _BYTES_AT_ONCE
    source = content if is_all else FileBytes(descriptor, os.fstat(descriptor).st_size)
    wav_format, start, length = find_all_samples(path, source)
    if wav_format is None or not length or not wav_format.is_pcm16:
        return None, 0, 0
    n_frames = length // wav_format.bytes_a_frame
    first, count = span.frames(wav_format.sample_rate)
    first = min(first, n_frames)
    count = n_frames - first if count is None else min(count, n_frames - first)
    start += first * wav_format.bytes_a_frame
    if start + count * wav_format.bytes_a_frame > len(content):
        content, start = _read_at(descriptor, start, count * wav_format.bytes_a_frame), 0
        count = len(content) // wav_format.bytes_a_frame  # another process may have cut the file since
    samples = np.frombuffer(content, "<i2", count * wav_format.n_channels, start)
    return samples.reshape(count, wav_format.n_channels), wav_format.sample_rate, n_frames


def _read_at(descriptor, start, n_bytes):
    os.lseek(descriptor, start, os.SEEK_SET)
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        content = bytearray(n_bytes)
        view, n_read = memoryview(content), 0
        while n_read < n_bytes and (more := file.readinto(view[n_read:])):  # one call reads 2 GB at most
            n_read += more
        return content[:n_read] if n_read < n_bytes else content


class WavBatchReader:
    """Reads WAV files of one channel of 16-bit samples at one rate into the rows of one array: 26 us a file.

    Parameters
    ----------
    n_rows : int
        Files that are read at once.
    n_samples : int
        Length that every recording is given.
    sample_rate : int
        Hertz.

    Attributes
    ----------
    samples : ndarray of shape (n_rows, n_samples), int16
        `read` overwrites it.
    """

    def __init__(self, n_rows, n_samples, sample_rate):
        self._n_bytes = 2 * n_samples
        end = _PLAIN_HEADER + self._n_bytes
        self._rows = np.empty((n_rows, end + _OTHER_CHUNKS), np.uint8)
        self.samples = self._rows[:, _PLAIN_HEADER:end].view("<i2")
        rest = memoryview(bytearray(_BYTES_AT_ONCE))
        self._buffers = [(memoryview(row), rest) for row in self._rows]
        rate = int(sample_rate)  # twice a NumPy number may be none of its type
        self._format = WavFormat(_PCM, 1, rate, 2 * rate, 2, 16)
        wav_format = _CHUNK.pack(b"fmt ", _FORMAT.size) + _FORMAT.pack(*self._format)
        plain = _CHUNK.pack(b"RIFF", 0) + b"WAVE" + wav_format + _CHUNK.pack(b"data", 0)
        self._plain = np.frombuffer(plain, np.uint8)

    def read(self, paths):
        """Read the beginnings of recordings into the first rows; zeros follow where one is shorter.

        All files are read before the first header is looked at: the less a thread does between two of its calls to the
        system, the less it waits for the interpreter lock after each of them.

        Parameters
        ----------
        paths : list of str
            As many as there are rows, or fewer.

        Returns
        -------
        lengths : ndarray of shape (n,), int
            Samples of each recording, of which a row may have only the first. 0 where this fast path does not apply:
            read such a file with `read_waveform`, which also reports what is wrong with it.
        """
        n_bytes = np.array([_read_into(buffers, path) for buffers, path in zip(self._buffers, paths, strict=False)])
        headers = self._rows[: len(paths), :_PLAIN_HEADER]
        lengths = headers[:, -4:].copy().view("<u4")[:, 0].astype(np.int64)
        is_same = headers == self._plain
        is_same[:, [4, 5, 6, 7, -4, -3, -2, -1]] = True  # lengths
        is_plain = is_same.all(axis=1)
        # Nothing but the samples, and a byte of padding: what follows them may be samples as well.
        rest = n_bytes - _PLAIN_HEADER - lengths
        is_read = is_plain & (lengths >= 2) & (rest >= 0) & (rest <= 1)
        for i in np.flatnonzero(~is_plain & (n_bytes > _PLAIN_HEADER)):
            lengths[i] = self._move_samples(i, n_bytes[i])
            is_read[i] = lengths[i] >= 2
        for i in np.flatnonzero(is_read & (lengths < self._n_bytes)):
            self.samples[i, lengths[i] // 2 :] = 0
        return np.where(is_read, lengths // 2, 0)

    def _move_samples(self, i, n_bytes):
        """Put samples with other chunks before them where they belong; how many bytes the file has of them, or 0."""
        row = self._buffers[i][0]
        try:
            wav_format, start, length = find_samples("", row[:n_bytes])
        except AudioError:
            return 0
        kept = min(length // 2 * 2, self._n_bytes)
        is_all = 0 <= n_bytes - start - length <= 1
        if wav_format != self._format or not is_all or start + kept > len(row):
            return 0
        row[_PLAIN_HEADER : _PLAIN_HEADER + kept] = row[start : start + kept]
        return length


def _read_into(buffers, path):
    """Number of bytes that are read of a WAV file; 0 where it is none, or cannot be read."""
    if not is_wav(path):
        return 0
    try:
        descriptor = os.open(path, FLAGS)
    except (OSError, ValueError):
        return 0
    try:
        return os.readv(descriptor, buffers)
    except OSError:  # a folder, a pipe
        return 0
    finally:
        os.close(descriptor)
