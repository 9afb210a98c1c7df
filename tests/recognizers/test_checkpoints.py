"""A fit that was killed goes on, and comes to the weights of one that was never interrupted."""

import os
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, PredefinedSplit

from sklspeech import SpeechCNN, SpeechTranscriber
from sklspeech.recognizers.checkpoints import describe

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 40, 20)).astype(np.float32)
Y = np.array(["yes", "no", "go"] * 20)
CLIPS = [RANDOM.normal(size=(int(n), 20)).astype(np.float32) for n in RANDOM.integers(60, 120, 24)]
SENTENCES = ["yes no", "no", "go go yes"] * 8
SMALL = {"epochs": 6, "batch_size": 10, "random_state": 0, "dropout": 0.3}
NETWORKS = {
    "plain": (SpeechCNN(stem=(8,), filters=(8,), masks=1, **SMALL), X, Y),
    "mixup": (SpeechCNN(stem=(8,), filters=(8,), mixup=0.3, **SMALL), X, Y),
    "average": (SpeechCNN(stem=(8,), filters=(8,), ema_momentum=0.9, **SMALL), X, Y),
    "early stopping": (
        SpeechCNN(stem=(8,), filters=(8,), early_stopping=True, n_iter_no_change=1, **(SMALL | {"epochs": 12})),
        X,
        Y,
    ),
    "sentences": (SpeechTranscriber(width=8, n_layers=1, **SMALL), CLIPS, SENTENCES),
}


class Stop(keras.callbacks.Callback):
    """Ends a fit after some epochs, as an interruption does."""

    def __init__(self, n_epochs):
        super().__init__()
        self.n_epochs = n_epochs

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.n_epochs:
            raise RuntimeError("stopped")


def assert_equal(one, other):
    for weight, expected in zip(one.network.get_weights(), other.network.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)
    assert one.history_ == other.history_


@pytest.mark.parametrize("n_epochs", [1, 4])
@pytest.mark.parametrize("name", NETWORKS)
def test_interrupted_fit_comes_to_the_same_weights(tmp_path, name, n_epochs):
    network, clips, y = NETWORKS[name]
    whole = clone(network).fit(clips, y)
    if n_epochs >= len(whole.history_["loss"]):
        pytest.skip("stops earlier")
    with pytest.raises(RuntimeError, match="stopped"):
        clone(network).set_params(checkpoint=tmp_path, callbacks=[Stop(n_epochs)]).fit(clips, y)
    resumed = clone(network).set_params(checkpoint=tmp_path).fit(clips, y)
    assert_equal(resumed, whole)
    again = clone(network).set_params(checkpoint=tmp_path, callbacks=[Stop(0)]).fit(clips, y)  # is not trained
    assert_equal(again, whole)
    assert len(list(tmp_path.iterdir())) == 1


CODE = """
import sys
sys.path.insert(0, {tests!r})
from recognizers.test_checkpoints import NETWORKS
network, clips, y = NETWORKS["plain"]
network.set_params(epochs=150, checkpoint={folder!r}).fit(clips, y)
"""


def test_killed_fit(tmp_path):
    tests = os.path.dirname(os.path.dirname(__file__))
    process = subprocess.Popen([sys.executable, "-c", CODE.format(tests=tests, folder=str(tmp_path))])
    for _ in range(600):
        if any(tmp_path.glob("SpeechCNN-*.npz")):
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (file,) = tmp_path.glob("SpeechCNN-*.npz")
    network, clips, y = NETWORKS["plain"]
    done = int(str(np.load(file)["meta"]).partition('"n_epochs": ')[2].partition(",")[0])
    assert 0 < done < 150
    network = clone(network).set_params(epochs=150)
    resumed = clone(network).set_params(checkpoint=tmp_path).fit(clips, y)
    assert_equal(resumed, network.fit(clips, y))


@pytest.mark.parametrize(
    "change",
    [{"dropout": 0.2}, {"epochs": 2}, {"random_state": 1}, {"early_stopping": True}],
    ids=["dropout", "epochs", "random_state", "early_stopping"],
)
def test_another_training_has_a_file_of_its_own(tmp_path, change):
    network, clips, y = NETWORKS["plain"]
    for params in ({"epochs": 1}, {"epochs": 1} | change):
        clone(network).set_params(checkpoint=tmp_path, **params).fit(clips, y)
    assert len(list(tmp_path.iterdir())) == 2


def test_other_data_are_another_training(tmp_path):
    network, clips, y = NETWORKS["plain"]
    network = clone(network).set_params(checkpoint=tmp_path, epochs=1)
    for data in ((clips, y), (clips[::-1], y), (clips, np.roll(y, 1))):
        clone(network).fit(*data)
    clone(network).fit(clips, y, sample_weight=np.arange(60) + 1.0)
    assert len(list(tmp_path.iterdir())) == 4


def test_warm_start_is_another_training(tmp_path):
    network, clips, y = NETWORKS["plain"]
    network = clone(network).set_params(checkpoint=tmp_path, epochs=1, warm_start=True).fit(clips, y).fit(clips, y)
    assert len(network.history_["loss"]) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_search_goes_on(tmp_path):
    network, clips, y = NETWORKS["plain"]
    folds = PredefinedSplit(np.arange(60) % 2)
    grid = {"dropout": [0.1, 0.2, 0.3]}

    def search(**params):
        return GridSearchCV(clone(network).set_params(epochs=2, **params), grid, cv=folds, error_score="raise")

    whole = search().fit(clips, y)
    with pytest.raises(RuntimeError):
        search(checkpoint=tmp_path, callbacks=[StopThird()]).fit(clips, y)
    assert len(list(tmp_path.iterdir())) == 2
    resumed = search(checkpoint=tmp_path).fit(clips, y)
    np.testing.assert_array_equal(resumed.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"])
    assert_equal(resumed.best_estimator_, whole.best_estimator_)
    assert len(list(tmp_path.iterdir())) == 7  # 6 fits, and that of the best


class StopThird(keras.callbacks.Callback):
    """Ends the third fit before it begins."""

    n_fits: list = []  # noqa: RUF012

    def on_train_begin(self, logs=None):
        self.n_fits.append(1)
        if len(self.n_fits) == 3:
            raise RuntimeError("stopped")


@pytest.mark.parametrize("value", [np.sin, len, describe, {"b": 1, "a": len}, (8, 16), None])
def test_descriptions_have_no_addresses(value):
    assert " at 0x" not in describe(value)
