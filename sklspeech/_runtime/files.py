"""Files that are there whole and checked, or not at all."""

import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path):
    """Give a path beside `path` to write to and to check; it takes the place of `path` where nothing was raised.

    Parameters
    ----------
    path : str or PathLike

    Yields
    ------
    unchecked : Path
    """
    path = Path(path)
    unchecked = path.with_name(f".{path.name}.unchecked")
    try:
        yield unchecked
        os.replace(unchecked, path)
    finally:
        unchecked.unlink(missing_ok=True)
