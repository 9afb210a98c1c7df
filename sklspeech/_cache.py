"""Rows of clips that are asked for again and again: in a search every fold and candidate wants the same ones.

A value is kept from the second time that it is computed, so one pass over a corpus, however large, keeps nothing.
"""

import os
import random
from threading import Lock

import numpy as np

MAX_BYTES = 256 * 2**20
_MAX_SEEN = 1_000_000  # keys remembered without their value


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
        self._seen = set()  # hashes of the keys that came once
        self._random = random.Random(0)
        self._lock = Lock()

    def get(self, key):
        """The array, which is not to be written to, or None."""
        return self._arrays.get(key)

    def put(self, key, array):
        """Keep a copy if this is the second time."""
        with self._lock:
            if self._is_new(key) or key in self._arrays or array.nbytes > self.max_bytes:
                return
            while self._n_bytes + array.nbytes > self.max_bytes:
                self._drop_any()
            self._arrays[key] = np.array(array)
            self._keys.append(key)
            self._n_bytes += array.nbytes

    def _is_new(self, key):
        if hash(key) in self._seen:
            return False
        if len(self._seen) >= _MAX_SEEN:
            self._seen.clear()
        self._seen.add(hash(key))
        return True

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
