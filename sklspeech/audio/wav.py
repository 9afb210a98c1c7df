"""WAV files of 16-bit samples, read without the detour through libsndfile."""

import os
import struct

import numpy as np

from .._runtime.buffers import LINE, buffer

_CHUNK = struct.Struct("<4sI")  # name, length
_FORMAT = struct.Struct("<HHIIHH")  # tag, channels, sample rate, bytes a second, bytes of all channels, bits
_PCM = 1  # tag of linear samples
_PLAIN_HEADER = 44  # bytes of a header without anything but format and samples
_OTHER_CHUNKS = 1024  # bytes of a longer header for which there is room in a row
_BYTES_AT_ONCE = 124 * 2**10  # four seconds at 16 kHz; from 128 kB on memory comes from the system, which takes longer
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)


def is_wav(path):
    """Whether a file has the name of a WAV file.

    Parameters
    ----------
    path : str

    Returns
    -------
    is_wav : bool
    """
    return path[-4:].lower() == ".wav"


def read_bytes(path):
    """All bytes of a WAV file, in as few calls as can be: after each of them threads wait for the interpreter lock.

    Parameters
    ----------
    path : str

    Returns
    -------
    content : bytes
    """
    descriptor = os.open(path, _FLAGS)
    try:
        content = os.read(descriptor, _BYTES_AT_ONCE)
        n_bytes = 8 + _CHUNK.unpack_from(content)[1] if len(content) >= 8 else 0  # what the header says
        if n_bytes <= len(content) < _BYTES_AT_ONCE:
            return content
        os.lseek(descriptor, 0, os.SEEK_SET)  # all of it again: to join two parts takes a copy in fresh memory
        with open(descriptor, "rb", buffering=0, closefd=False) as file:
            return file.readall()
    finally:
        os.close(descriptor)


def find_samples(content):
    """Where the samples of a WAV file are.

    Parameters
    ----------
    content : bytes or memoryview
        The file, or its beginning.

    Returns
    -------
    form : tuple or None
        Tag, channels, sample rate, bytes a second, bytes of all channels and bits; None where there are no samples, or
        no format before them.
    start, length : int
        Bytes; as the header says, whatever `content` has of them.
    """
    form, position = None, 12
    while content[:4] == b"RIFF" and content[8:12] == b"WAVE" and position + 8 <= len(content):
        name, length = _CHUNK.unpack_from(content, position)
        position += 8
        if name == b"fmt " and position + 16 <= len(content):
            form = _FORMAT.unpack_from(content, position)
        elif name == b"data":
            return form, position, length
        position += length + length % 2  # chunks are padded to an even length
    return None, 0, 0


def is_pcm(form):
    """Whether samples are linear, of 16 bits.

    Parameters
    ----------
    form : tuple
        As `find_samples` gives it.

    Returns
    -------
    is_pcm : bool
    """
    tag, n_channels, _, _, frame_bytes, bits = form
    return tag == _PCM and bits == 16 and n_channels > 0 and frame_bytes == 2 * n_channels


class SampleRows:
    """Memory for some recordings of one length, one row a recording, into which their files are read.

    It belongs to the thread: the next `SampleRows` takes it again.

    Parameters
    ----------
    n_rows, n_samples : int
    sample_rate : int
        Hertz.

    Attributes
    ----------
    samples : ndarray of shape (n_rows, n_samples), int16
    """

    def __init__(self, n_rows, n_samples, sample_rate):
        self._n_bytes = 2 * n_samples
        end = _PLAIN_HEADER + self._n_bytes
        width = -(-(end + _OTHER_CHUNKS) // LINE) * LINE
        self._memory = buffer("files", (n_rows, width), np.uint8)
        self.samples = self._memory[:, _PLAIN_HEADER:end].view("<i2")
        rest = memoryview(buffer("rest of a file", (_BYTES_AT_ONCE,), np.uint8))
        self._buffers = [(memoryview(row), rest) for row in self._memory]
        rate = int(sample_rate)  # twice a NumPy number may be none of its type
        self._form = _PCM, 1, rate, 2 * rate, 2, 16
        form = _CHUNK.pack(b"fmt ", _FORMAT.size) + _FORMAT.pack(*self._form)
        plain = _CHUNK.pack(b"RIFF", 0) + b"WAVE" + form + _CHUNK.pack(b"data", 0)
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
        is_read : ndarray of shape (n,), bool
            False where it is no whole WAV file of one channel of 16-bit samples at this rate, or longer than one call
            reads, or its header is: something else must read it, or say what is wrong.
        """
        n_bytes = np.array([_read_into(buffers, path) for buffers, path in zip(self._buffers, paths, strict=False)])
        headers = self._memory[: len(paths), :_PLAIN_HEADER]
        lengths = headers[:, -4:].copy().view("<u4")[:, 0].astype(np.int64)
        is_same = headers == self._plain
        is_same[:, [4, 5, 6, 7, -4, -3, -2, -1]] = True  # lengths
        is_plain = is_same.all(axis=1)
        is_read = is_plain & (lengths >= 2) & (_PLAIN_HEADER + lengths <= n_bytes)
        for i in np.flatnonzero(~is_plain & (n_bytes > _PLAIN_HEADER)):
            lengths[i] = self._move_samples(i, n_bytes[i])
            is_read[i] = lengths[i] >= 2
        for i in np.flatnonzero(is_read & (lengths < self._n_bytes)):
            self.samples[i, lengths[i] // 2 :] = 0
        return is_read

    def _move_samples(self, i, n_bytes):
        """Put samples with other chunks before them where they belong; how many bytes the file has of them, or 0."""
        row = self._buffers[i][0]
        form, start, length = find_samples(row[:n_bytes])
        kept = min(length // 2 * 2, self._n_bytes)
        if form != self._form or start + length > n_bytes or start + kept > len(row):
            return 0
        row[_PLAIN_HEADER : _PLAIN_HEADER + kept] = row[start : start + kept]
        return length


def _read_into(buffers, path):
    """Number of bytes that are read of a WAV file; 0 of what is none, or cannot be read."""
    if not is_wav(path):
        return 0
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return 0
    try:
        return os.readv(descriptor, buffers)
    except OSError:  # a folder
        return 0
    finally:
        os.close(descriptor)
