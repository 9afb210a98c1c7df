"""Rows of clips that are asked for again and again: in a search every fold and candidate wants the same ones.

A row is kept from the second time that it is asked for: one pass over a corpus, however large, keeps nothing, and does
not even look at the state of the files.
"""

import os
import random
from threading import Lock

import numpy as np

MAX_BYTES = 256 * 2**20
_MAX_SEEN = 1_000_000  # names remembered without a value


class Cache:
    """Arrays by their key, in at most `max_bytes`.

    What makes room is drawn at random: of a corpus larger than the cache, which is read from first to last each time,
    a part stays, where the longest unused first would leave nothing.

    Parameters
    ----------
    max_bytes : int
    """

    def __init__(self, max_bytes):
        self.max_bytes = max_bytes
        self._arrays = {}
        self._keys = []
        self._n_bytes = 0
        self._seen = set()  # hashes of what came once
        self._random = random.Random(0)
        self._lock = Lock()

    def is_new(self, name):
        """Whether this comes for the first time, so that nothing is kept of it; always where nothing can be kept."""
        name = hash(name)
        if self.max_bytes and name in self._seen:
            return False
        if len(self._seen) >= _MAX_SEEN:
            self._seen.clear()
        self._seen.add(name)
        return True

    def get(self, key):
        """The array, which is not to be written to, or None."""
        return self._arrays.get(key)

    def put(self, key, array):
        """Keep a copy."""
        with self._lock:
            if key in self._arrays or array.nbytes > self.max_bytes:
                return
            while self._n_bytes + array.nbytes > self.max_bytes:
                self._drop_any()
            self._arrays[key] = np.array(array)
            self._keys.append(key)
            self._n_bytes += array.nbytes

    def _drop_any(self):
        i = self._random.randrange(len(self._keys))
        self._keys[i], self._keys[-1] = self._keys[-1], self._keys[i]
        self._n_bytes -= self._arrays.pop(self._keys.pop()).nbytes


known_rows = Cache(MAX_BYTES)


def file_state(path):
    """What changes whenever the file does; None where there is no such file."""
    try:
        state = os.stat(path)
    except (OSError, ValueError):
        return None
    return path, state.st_ino, state.st_size, state.st_mtime_ns
