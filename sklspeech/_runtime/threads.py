"""Threads, over pieces of the input: reading, Fourier transforms and ONNX Runtime release the interpreter lock."""

import itertools
import math
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn import get_config, set_config

from .buffers import is_one_of_several, lent_buffers, one_of_several


def count_threads(n_jobs):
    """As many as `n_jobs` says; 1 in a thread of `map_in_threads`, no more than its share in a worker of joblib."""
    if is_one_of_several():
        return 1
    n_jobs = effective_n_jobs(n_jobs)
    if n_jobs == 1:  # a single clip is not to wait for the rest
        return 1
    share = os.environ.get("OMP_NUM_THREADS", "")  # joblib sets it in its workers
    is_worker = get_active_backend()[0].nesting_level
    return min(n_jobs, max(1, int(share))) if is_worker and share.isdigit() else n_jobs


def map_in_threads(function, pieces, n_threads):
    """[function(piece) of every piece], in their order; after the first error no other piece is begun.

    The caller is one of the threads: to start another one takes as long as a clip, and joblib's a hundred times that.
    """
    n_threads = min(n_threads, len(pieces))
    if n_threads < 2:
        return [function(piece) for piece in pieces]
    config = get_config()  # is a thread's own
    results, todo = [None] * len(pieces), deque(enumerate(pieces))

    def work():
        with one_of_several():
            try:
                for i, piece in iter(lambda: _take(todo), None):
                    results[i] = function(piece)
            finally:
                todo.clear()  # it is empty, or there is an error

    def help_along():
        set_config(**config)
        with lent_buffers():
            work()

    with ThreadPoolExecutor(n_threads - 1) as pool:
        helpers = [pool.submit(help_along) for _ in range(n_threads - 1)]
        work()
    for helper in helpers:
        helper.result()  # raises its error
    return results


def _take(todo):
    """The next of a deque, or None: another thread may have taken the last one since it was looked at."""
    try:
        return todo.popleft()
    except IndexError:
        return None


def even_slices(n, n_threads, least, most):
    """Slices of n clips, of `most` or fewer; as many for every thread.

    Those are four where each has `least` clips then, so that no thread waits long for the others.
    """
    n_a_thread = math.ceil(n / (n_threads * most))
    if n_threads > 1:
        n_a_thread = max(n_a_thread, min(4, n // (n_threads * least)))
    # scikit-learn's gen_even_slices checks its arguments in a fifth of the time of a single clip.
    bounds = np.linspace(0, n, min(n, n_threads * n_a_thread) + 1).astype(int).tolist()
    return [slice(start, stop) for start, stop in itertools.pairwise(bounds)]
