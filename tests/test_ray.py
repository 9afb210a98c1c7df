"""A search on a cluster of Ray, where Ray is installed."""

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold

from sklspeech import MelFeatures, Pipeline, SpeechCNN

ray = pytest.importorskip("ray", reason="ray is not installed")


@pytest.fixture
def cluster():
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def test_a_search_gives_the_same_scores(cluster, words):
    network = SpeechCNN(stem=(8,), filters=(8,), epochs=8, batch_size=10, random_state=0)
    grid = {"speechcnn__dropout": [0.0, 0.3]}
    search = GridSearchCV(Pipeline([MelFeatures(), network]), grid, cv=GroupKFold(2), error_score="raise")
    expected = search.fit(words.data, words.target, groups=words.groups).cv_results_["mean_test_score"]
    with joblib.parallel_config(backend="ray", n_jobs=2):
        found = search.fit(words.data, words.target, groups=words.groups).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(found, expected)
    assert expected.max() > 0.5
