"""WAV files of 16-bit samples, read without the detour through libsndfile."""

import os
import struct

import numpy as np

from ._memory import LINE, buffer

_CHUNK = struct.Struct("<4sI")  # name, length
_FORMAT = struct.Struct("<HHIIHH")  # tag, channels, sample rate, bytes a second, bytes of all channels, bits
_PCM = 1  # tag of linear samples
_PLAIN_HEADER = 44  # bytes of a header without anything but format and samples
_OTHER_CHUNKS = 1024  # bytes of a longer header for which there is room in a row
_BYTES_AT_ONCE = 124 * 2**10  # four seconds at 16 kHz; from 128 kB on memory comes from the system, which takes longer
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)


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
        memory = buffer("files", (n_rows, width), np.uint8)
        self.samples = memory[:, _PLAIN_HEADER:end].view("<i2")
        self._rows = [memoryview(row) for row in memory]
        self._rest = memoryview(buffer("rest of a file", (_BYTES_AT_ONCE,), np.uint8))
        rate = int(sample_rate)  # twice a NumPy number may be none of its type
        self._form = _PCM, 1, rate, 2 * rate, 2, 16
        self._plain = b"WAVE" + _CHUNK.pack(b"fmt ", _FORMAT.size) + _FORMAT.pack(*self._form) + b"data"

    def read(self, i, path):
        """Read the beginning of a recording into a row; zeros follow where it is shorter.

        Parameters
        ----------
        i : int
        path : str

        Returns
        -------
        is_read : bool
            False where it is no whole WAV file of one channel of 16-bit samples at this rate, or longer than one call
            reads, or its header is: something else must read it, or say what is wrong.
        """
        if not hasattr(os, "readv"):  # as on Windows
            return False
        row = self._rows[i]
        try:
            descriptor = os.open(path, _FLAGS)
            try:
                n_bytes = os.readv(descriptor, (row, self._rest))
            finally:
                os.close(descriptor)
        except OSError:
            return False
        start, length = self._place_of_samples(row[:n_bytes])
        kept = min(length // 2 * 2, self._n_bytes)
        if not kept or start + length > n_bytes or start + kept > len(row):
            return False
        if start != _PLAIN_HEADER:
            row[_PLAIN_HEADER : _PLAIN_HEADER + kept] = row[start : start + kept]
        if kept < self._n_bytes:
            self.samples[i, kept // 2 :] = 0
        return True

    def _place_of_samples(self, content):
        """Start and length of the samples in bytes; zeros where they are of another kind."""
        if content[8:40] == self._plain and content[:4] == b"RIFF" and len(content) > _PLAIN_HEADER:
            _, length = _CHUNK.unpack_from(content, _PLAIN_HEADER - _CHUNK.size)
            return _PLAIN_HEADER, length  # in a tenth of the time of what follows
        form, start, length = find_samples(content)
        return (start, length) if form == self._form else (0, 0)
