"""Recordings as files: opened only where they are regular ones, read where and as far as is needed."""

import errno
import os
import re
import stat
from contextlib import contextmanager
from typing import NamedTuple

from ..errors import AudioError

#: Flags to open a file with. Without O_NONBLOCK a named pipe that nobody writes to would hang the process.
FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_KINDS = {
    stat.S_IFDIR: "is a folder, expected a file",
    stat.S_IFIFO: "is a pipe, expected a regular file",
    stat.S_IFSOCK: "is a socket, expected a regular file",
    stat.S_IFCHR: "is a device, expected a regular file",
    stat.S_IFBLK: "is a device, expected a regular file",
}
_SEGMENT = re.compile(r"(?P<path>.+)#t=(?P<start>\d+(?:\.\d+)?),(?P<end>\d+(?:\.\d+)?)", re.DOTALL)
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


class Span(NamedTuple):
    """A part of a recording, in seconds; `stop` is None at its end."""

    start: float = 0.0
    stop: float | None = None

    def frames(self, rate):
        """First frame and number of frames at a rate, or None. Segments that touch share no frame, and lose none."""
        first = round(self.start * rate)
        return first, None if self.stop is None else round(self.stop * rate) - first


WHOLE = Span()


def split_segment(path):
    """The file of a clip, and the part of it that the clip is.

    A name that ends in ``#t=1.5,3`` stands for the seconds 1.5 to 3 of a file (W3C, Media Fragments URI 1.0), unless
    there is a file of that very name.

    Parameters
    ----------
    path : str

    Returns
    -------
    path : str
    span : Span
    """
    match = _SEGMENT.fullmatch(path) if "#t=" in path else None
    if match is None or os.path.lexists(path):
        return path, WHOLE
    start, stop = float(match["start"]), float(match["end"])
    if start >= stop:
        raise AudioError(path, f"is an empty segment: it begins at {start:g} s and ends at {stop:g} s")
    return match["path"], Span(start, stop)


def segment_name(path, start, end):
    """The name of a part of a recording, which `split_segment` takes apart.

    Parameters
    ----------
    path : str
    start, end : float
        Seconds.

    Returns
    -------
    name : str
    """
    return f"{path}#t={start:.6f},{end:.6f}"


class FileBytes:
    """The bytes of an open file, of which slices are read when they are asked for.

    Parameters
    ----------
    descriptor : int
    size : int
        Bytes.
    """

    def __init__(self, descriptor, size):
        self._descriptor = descriptor
        self._size = size

    def __len__(self):
        return self._size

    def __getitem__(self, part):
        start, stop, _ = part.indices(self._size)
        return _read_at(self._descriptor, start, max(0, stop - start))


def _read_at(descriptor, start, n_bytes):
    """Bytes of a file; whoever else reads it by the same descriptor goes on from where they were."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, n_bytes, start)
    place = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, start, os.SEEK_SET)
    content = os.read(descriptor, n_bytes)
    os.lseek(descriptor, place, os.SEEK_SET)
    return content


@contextmanager
def open_source(path):
    """Open a file of a recording.

    Parameters
    ----------
    path : str

    Yields
    ------
    content : FileBytes
    descriptor : int

    Raises
    ------
    AudioError
        There is no such file, it is empty, it is no regular file, or it cannot be read.
    """
    try:
        descriptor = os.open(path, FLAGS)
    except FileNotFoundError as error:
        raise AudioError(path, _missing(path)) from error
    except ValueError as error:
        raise AudioError(repr(path), f"is no path ({error})") from error
    except OSError as error:
        is_socket = error.errno == errno.ENXIO
        fault = _KINDS[stat.S_IFSOCK] if is_socket else f"cannot be read ({error.strerror})"
        raise AudioError(path, fault) from error
    try:
        state = os.fstat(descriptor)
        kind = stat.S_IFMT(state.st_mode)
        if kind != stat.S_IFREG:
            raise AudioError(path, _KINDS.get(kind, "is no regular file"))
        if not state.st_size:
            raise AudioError(path, "is empty")
        yield FileBytes(descriptor, state.st_size), descriptor
    finally:
        os.close(descriptor)


def _missing(path):
    """Why there is no such file, as far as its name tells."""
    if _URL.match(path):
        return "is a URL, expected the path of a file: download it first"
    if path.startswith("~") and os.path.exists(os.path.expanduser(path)):
        return f"does not exist; the shell alone replaces ~: write {os.path.expanduser(path)}"
    return "does not exist"
