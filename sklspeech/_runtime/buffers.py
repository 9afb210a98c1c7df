"""Memory that a thread uses again and again: to get fresh pages takes longer than the arithmetic on them.

And whether the thread is one of several, for which larger blocks of memory pay.
"""

import math
import threading
from contextlib import contextmanager, suppress

import numpy as np

LINE = 64  # bytes of a line of the processor's cache
_LARGEST_BUFFER = 2**23  # bytes; what an hour of audio takes is given back
_MOST_IDLE = 8  # threads whose memory is kept, some 10 MB each

_this_thread = threading.local()
_buffers = threading.local()
_idle: list[dict] = []  # buffers of threads that have ended


def buffer(name, shape, dtype):
    """An array of this thread, with what was left in it; another call with the same name and type takes it again.

    Parameters
    ----------
    name : str
    shape : tuple of int
    dtype : type or dtype

    Returns
    -------
    array : ndarray
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape)
    if size * dtype.itemsize > _LARGEST_BUFFER:
        return aligned(size, dtype).reshape(shape)
    key = name + dtype.char
    flat = getattr(_buffers, key, None)
    if flat is None or flat.size < size:
        flat = aligned(size, dtype)
        setattr(_buffers, key, flat)
    return flat[:size].reshape(shape)


@contextmanager
def one_of_several():
    """Note that others do pieces of the same work beside this thread."""
    _this_thread.is_one_of_several = True
    try:
        yield
    finally:
        _this_thread.is_one_of_several = False


def is_one_of_several():
    """Whether others do pieces of the same work beside this thread.

    Returns
    -------
    is_one_of_several : bool
    """
    return getattr(_this_thread, "is_one_of_several", False)


@contextmanager
def lent_buffers():
    """Buffers for a thread that ends soon: those of one that has ended, which are left to another one in turn."""
    with suppress(IndexError):  # else it makes its own
        vars(_buffers).update(_idle.pop())
    try:
        yield
    finally:
        if len(_idle) < _MOST_IDLE:
            _idle.append(dict(vars(_buffers)))


def aligned(size, dtype):
    """An empty array that begins with a line of the cache: wide registers take twice as long to load across two.

    Parameters
    ----------
    size : int
    dtype : type or dtype

    Returns
    -------
    array : ndarray of shape (size,)
    """
    itemsize = np.dtype(dtype).itemsize
    array = np.empty(size + LINE // itemsize, dtype)
    start = -array.ctypes.data % LINE // itemsize
    return array[start : start + size]
