"""Files that are there whole and checked, or not at all."""

import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

_PERMISSIONS = 0o666  # less the process's mask, as of any new file


@contextmanager
def atomic_write(path):
    """Give a path beside `path` to write to and to check; it takes the place of `path` where nothing was raised.

    Whatever happens, a file that stood there is either still there, or replaced by the whole new one. Several processes
    may write to one path: the last one wins. A link is followed, and stays.

    Parameters
    ----------
    path : str or PathLike

    Yields
    ------
    unchecked : Path
        Of a new, empty file with a name of its own and the ending of `path`.

    Raises
    ------
    ValueError
        There is something else than a regular file.
    OSError
        The file cannot be written.
    """
    path = Path(os.path.realpath(path))
    mode = check_target(path)
    descriptor, name = tempfile.mkstemp(prefix=".unfinished-", suffix=path.suffix[:20], dir=path.parent)
    os.close(descriptor)
    unchecked = Path(name)
    try:
        yield unchecked
        _flush(unchecked)
        os.chmod(unchecked, mode)
        os.replace(unchecked, path)
    finally:
        unchecked.unlink(missing_ok=True)


@contextmanager
def locked(path):
    """Keep other processes out, which wait; a process that dies lets go. Windows has no such lock.

    Parameters
    ----------
    path : Path
        Of a file for this alone.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        yield
        return
    while True:
        with open(path, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not path.exists() or os.fstat(file.fileno()).st_ino != path.stat().st_ino:
                continue  # whoever had it has taken it away since
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def check_writable(path):
    """Raise ValueError where a file cannot be written, before the work is done whose result it is to hold.

    Parameters
    ----------
    path : str or PathLike
    """
    path = Path(path)
    if not path.parent.is_dir() or path.is_dir():
        raise ValueError(f"{path} cannot be written: it is a folder, or lies in no folder")
    check_target(path)


def check_target(path):
    """Raise where a path cannot become a file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    mode : int
        The permissions that the file has, or will have.

    Raises
    ------
    ValueError
        There is something else than a regular file.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        mask = os.umask(0o077)  # to read it, it has to be set
        os.umask(mask)
        return _PERMISSIONS & ~mask
    if not stat.S_ISREG(mode):
        raise ValueError(f"{path} is no regular file, and is not written to")
    return stat.S_IMODE(mode)


def _flush(path):
    """Have the system write a file to the disk, which may be full."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
