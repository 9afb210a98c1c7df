import threading

import joblib
import numpy as np
import pytest
from sklearn import config_context, get_config

from sklspeech._runtime.threads import count_threads, map_in_threads, split_evenly


def test_workers_of_joblib_share_the_cores():
    assert count_threads(2) == 2
    n_threads = joblib.Parallel(n_jobs=2)(joblib.delayed(count_threads)(64) for _ in range(2))
    assert sum(n_threads) <= max(2, joblib.cpu_count())


def test_threads_work_at_once():
    both = threading.Barrier(2, timeout=10)
    assert map_in_threads(lambda i: both.wait() >= 0 and i, range(4), 2) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("n_clips", "n_threads", "expected"),
    [(1, 1, 1), (1, 4, 1), (7, 4, 4), (15, 2, 2), (33, 2, 4), (100, 16, 16), (400, 2, 8), (600, 1, 3), (20_000, 2, 80)],
)
def test_slices_are_as_many_for_every_thread_and_not_small(n_clips, n_threads, expected):
    slices = split_evenly(n_clips, n_threads, min_size=8, max_size=256)
    assert len(slices) == expected
    np.testing.assert_array_equal(np.concatenate([np.arange(n_clips)[piece] for piece in slices]), np.arange(n_clips))
    assert np.ptp([piece.stop - piece.start for piece in slices]) <= 1


@pytest.mark.parametrize("in_caller", [True, False])
def test_after_the_first_error_no_other_piece_is_begun(in_caller):
    begun, failed = [], threading.Event()

    def work(i):
        begun.append(i)
        if in_caller == (threading.current_thread() is threading.main_thread()):
            failed.set()
            raise ValueError(f"piece {i}")
        failed.wait(timeout=10)

    with pytest.raises(ValueError, match="piece"):
        map_in_threads(work, range(1000), 2)
    assert len(begun) <= 4
    assert count_threads(2) == 2


def test_a_thread_of_the_pool_makes_no_threads():
    assert map_in_threads(lambda _: count_threads(2), range(2), 2) == [1, 1]
    assert count_threads(2) == 2


def test_threads_have_the_configuration_of_their_caller():
    with config_context(assume_finite=True):
        assert map_in_threads(lambda _: get_config()["assume_finite"], range(2), 2) == [True, True]
