"""Searches, scores and features on a cluster of separate processes, one of which is killed in the middle."""

import os
import signal
import threading
import time

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score

from sklspeech import MelFeatures, Pipeline, SpeechCNN, predict_to

distributed = pytest.importorskip("distributed", reason="dask is not installed")
NETWORK = SpeechCNN(stem=(8,), filters=(8,), epochs=3, batch_size=10, random_state=0)
PIPELINE = Pipeline([MelFeatures(duration=0.8), NETWORK])  # of one length: folds share networks that are traced


@pytest.fixture(scope="module")
def cluster():
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster):
        yield cluster


def search(words):
    grid = {"speechcnn__learning_rate": [0.001, 0.01], "melfeatures__n_mels": [20, 40]}
    search = GridSearchCV(PIPELINE, grid, cv=GroupKFold(2), error_score="raise")
    return search.fit(words.data, words.target, groups=words.groups)


def test_search_with_a_worker_killed(cluster, words):
    expected = search(words)

    def kill():
        time.sleep(4)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    # Without scatter the only copy of paths and labels may lie on the worker that is killed.
    with joblib.parallel_config(backend="dask", scatter=[words.data, words.target]):
        found = search(words)
    assert found.best_params_ == expected.best_params_
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(found.cv_results_[name], expected.cv_results_[name])


def test_scores_and_predictions(cluster, words, tmp_path):
    fitted = PIPELINE.fit(words.data, words.target)
    kwargs = {"groups": words.groups, "cv": GroupKFold(2)}
    expected = cross_val_score(PIPELINE, words.data, words.target, **kwargs)
    with joblib.parallel_config(backend="dask"):
        found = cross_val_score(PIPELINE, words.data, words.target, **kwargs)
        predict_to(fitted, words.data, tmp_path / "there.csv")
    predict_to(fitted, words.data, tmp_path / "here.csv")
    np.testing.assert_array_equal(found, expected)
    assert (tmp_path / "there.csv").read_text() == (tmp_path / "here.csv").read_text()
