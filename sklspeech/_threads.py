"""Threads, over pieces of the input: reading, Fourier transforms and ONNX Runtime release the interpreter lock."""

import os
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from joblib import effective_n_jobs
from joblib.parallel import get_active_backend


def count_threads(n_jobs):
    """As many as `n_jobs` says; in a worker of joblib no more than its share of the cores."""
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
    pool = ThreadPoolExecutor(n_threads)
    try:
        futures = [pool.submit(function, piece) for piece in pieces]
        wait(futures, return_when=FIRST_EXCEPTION)
        return [future.result() for future in futures if future.done()]  # all of them, or one has an error to raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
