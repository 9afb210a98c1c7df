"""Rows of clips that are asked for again and again: in a search every fold and candidate wants the same ones."""

import os
import random
import time
from threading import Lock

import numpy as np

from ..audio.source import split_segment

MAX_BYTES = 256 * 2**20
_MAX_SEEN = 1_000_000  # requests remembered without a row
# A file that changed so lately may change again within a step of the clock: 2 s on FAT, milliseconds elsewhere.
_UNSETTLED = 3.0  # s


class RowCache:
    """Rows of files in at most `max_bytes`, kept from the second request on.

    One pass over a corpus, however large, keeps nothing, and does not even look at the state of the files.

    Evicts at random. Every fold reads the corpus in the same order, so with a corpus larger than the cache, LRU would
    evict each row just before it is needed.

    Parameters
    ----------
    max_bytes : int
        0 keeps nothing.
    """

    def __init__(self, max_bytes):
        self.max_bytes = max_bytes
        self._rows = {}
        self._keys = []
        self._n_bytes = 0
        self._seen = set()  # hashes of what was requested
        self._random = random.Random(0)
        self._lock = Lock()

    def request(self, path, params):
        """Note that the row of a file is wanted.

        Parameters
        ----------
        path : str
        params : hashable
            All that the row depends on besides the file.

        Returns
        -------
        key : hashable or None
            For `get` and `put`; None on the first request, and where nothing is kept.
        """
        request = hash((path, params))
        if self.max_bytes and request in self._seen:
            state = file_state(path)
            return None if state is None else (state, params)
        if len(self._seen) >= _MAX_SEEN:
            self._seen.clear()
        self._seen.add(request)
        return None

    def get(self, key):
        """Look a row up.

        Parameters
        ----------
        key : hashable or None

        Returns
        -------
        row : ndarray or None
            Not to be written to.
        """
        return None if key is None else self._rows.get(key)

    def put(self, key, row):
        """Keep a copy of a row.

        Parameters
        ----------
        key : hashable or None
            Nothing is kept for None.
        row : ndarray
        """
        if key is None:
            return
        with self._lock:
            if key in self._rows or row.nbytes > self.max_bytes:
                return
            while self._n_bytes + row.nbytes > self.max_bytes:
                self._evict()
            self._rows[key] = np.array(row)
            self._keys.append(key)
            self._n_bytes += row.nbytes

    def _evict(self):
        i = self._random.randrange(len(self._keys))
        self._keys[i], self._keys[-1] = self._keys[-1], self._keys[i]
        self._n_bytes -= self._rows.pop(self._keys.pop()).nbytes


#: The rows of this process.
row_cache = RowCache(MAX_BYTES)


def file_state(path):
    """The state of a file, which changes whenever the file does.

    It has the time at which the system itself noted the last change. Programs that keep time stamps (``cp -p``,
    ``rsync -t``, ``unzip``) cannot set that one. To set the clock back can make it wrong, and a network drive may tell
    it late.

    Parameters
    ----------
    path : str
        The file, or a segment of it.

    Returns
    -------
    state : tuple or None
        None where there is no such file, where it changed within the last 3 s, and on systems that do not tell when.
    """
    try:
        state = os.stat(split_segment(path)[0])
    except (OSError, ValueError):
        return None
    if os.name != "posix" or abs(time.time() - state.st_ctime) < _UNSETTLED:
        return None
    return path, state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
