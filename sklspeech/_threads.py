"""Threads, over pieces of the input: reading, Fourier transforms and ONNX Runtime release the interpreter lock."""

import itertools
import math
import os
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import numpy as np
from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn import config_context, get_config

_this_thread = threading.local()


def count_threads(n_jobs):
    """As many as `n_jobs` says; 1 in a thread of `map_in_threads`, no more than its share in a worker of joblib."""
    if getattr(_this_thread, "is_of_pool", False):
        return 1
    n_jobs = effective_n_jobs(n_jobs)
    if n_jobs == 1:  # a single clip is not to wait for the rest
        return 1
    share = os.environ.get("OMP_NUM_THREADS", "")  # joblib sets it in its workers
    is_worker = get_active_backend()[0].nesting_level
    return min(n_jobs, max(1, int(share))) if is_worker and share.isdigit() else n_jobs


def map_in_threads(function, pieces, n_threads):
    """[function(piece) of every piece], in their order; the first error ends it, but for pieces that have begun.

    joblib's threads take 20 ms to start and end, in which a hundred clips are transformed.
    """
    if n_threads == 1 or len(pieces) == 1:
        return [function(piece) for piece in pieces]
    config = get_config()  # is a thread's own

    def call(piece):
        with config_context(**config):
            return function(piece)

    pool = ThreadPoolExecutor(n_threads, initializer=setattr, initargs=(_this_thread, "is_of_pool", True))
    try:
        futures = [pool.submit(call, piece) for piece in pieces]
        wait(futures, return_when=FIRST_EXCEPTION)
        return [future.result() for future in futures if future.done()]  # all of them, or one has an error to raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def even_slices(n, n_threads, least, most):
    """Slices of n clips, of `most` or fewer; as many a thread, up to four where each has `least`, for no long wait."""
    n_a_thread = math.ceil(n / (n_threads * most))
    if n_threads > 1:
        n_a_thread = max(n_a_thread, min(4, n // (n_threads * least)))
    # scikit-learn's gen_even_slices checks its arguments in a fifth of the time of a single clip.
    bounds = np.linspace(0, n, min(n, n_threads * n_a_thread) + 1).astype(int).tolist()
    return [slice(start, stop) for start, stop in itertools.pairwise(bounds)]
