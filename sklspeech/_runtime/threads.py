"""Threads over slices of the input: reading, Fourier transforms and ONNX Runtime release the interpreter lock."""

import itertools
import math
import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn import get_config, set_config

_this_thread = threading.local()


def count_threads(n_jobs):
    """How many threads to use.

    Parameters
    ----------
    n_jobs : int or None
        None is 1, -1 is one a core.

    Returns
    -------
    n_threads : int
        1 in a thread of `map_in_threads`; no more than its share of the cores in a worker of joblib.
    """
    if getattr(_this_thread, "is_worker", False):
        return 1
    n_jobs = effective_n_jobs(n_jobs)
    if n_jobs == 1:  # a single clip is not to wait for the rest
        return 1
    share = os.environ.get("OMP_NUM_THREADS", "")  # joblib sets it in its workers
    is_worker = get_active_backend()[0].nesting_level
    return min(n_jobs, max(1, int(share))) if is_worker and share.isdigit() else n_jobs


def map_in_threads(function, items, n_threads):
    """Call a function with every item; after the first error no other item is begun.

    The caller is one of the threads: to start another one takes as long as a clip, and joblib's a hundred times that.

    Parameters
    ----------
    function : callable
    items : list
    n_threads : int

    Returns
    -------
    results : list
        In the order of the items.
    """
    n_threads = min(n_threads, len(items))
    if n_threads < 2:
        return [function(item) for item in items]
    config = get_config()  # is a thread's own
    results, todo = [None] * len(items), deque(enumerate(items))

    def work():
        with _worker_thread():
            try:
                for i, item in iter(lambda: _take(todo), None):
                    results[i] = function(item)
            finally:
                todo.clear()  # it is empty, or there is an error

    def help_along():
        set_config(**config)
        work()

    with ThreadPoolExecutor(n_threads - 1) as pool:
        helpers = [pool.submit(help_along) for _ in range(n_threads - 1)]
        work()
    for helper in helpers:
        helper.result()  # raises its error
    return results


@contextmanager
def _worker_thread():
    """Note that others work beside this thread, which then starts none of its own."""
    _this_thread.is_worker = True
    try:
        yield
    finally:
        _this_thread.is_worker = False


def _take(todo):
    """The next of a deque, or None: another thread may have taken the last one since it was looked at."""
    try:
        return todo.popleft()
    except IndexError:
        return None


def split_evenly(n, n_threads, min_size, max_size):
    """Cut n clips into slices, as many for every thread.

    A thread has four where each is of `min_size` clips or more then, so that no thread waits long for the others.

    Parameters
    ----------
    n : int
    n_threads : int
    min_size : int
    max_size : int
        Clips of a slice.

    Returns
    -------
    slices : list of slice
    """
    n_a_thread = math.ceil(n / (n_threads * max_size))
    if n_threads > 1:
        n_a_thread = max(n_a_thread, min(4, n // (n_threads * min_size)))
    # scikit-learn's gen_even_slices checks its arguments in a fifth of the time of a single clip.
    bounds = np.linspace(0, n, min(n, n_threads * n_a_thread) + 1).astype(int).tolist()
    return [slice(start, stop) for start, stop in itertools.pairwise(bounds)]
