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
from sklspeech.recognizers.checkpoints import Checkpoint, describe

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

    n_epochs = 1000  # of the class: an instance is a parameter, and belongs to the training

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == Stop.n_epochs:
            raise RuntimeError("stopped")


def assert_equal(one, other):
    for weight, expected in zip(one.network.get_weights(), other.network.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)
    assert one.history_ == other.history_


@pytest.mark.parametrize("n_epochs", [1, 4])
@pytest.mark.parametrize("name", NETWORKS)
def test_interrupted_fit_comes_to_the_same_weights(tmp_path, monkeypatch, name, n_epochs):
    network, clips, y = NETWORKS[name]
    whole = clone(network).fit(clips, y)
    if n_epochs >= len(whole.history_["loss"]):
        pytest.skip("stops earlier")
    network = clone(network).set_params(checkpoint=tmp_path, callbacks=[Stop()])
    monkeypatch.setattr(Stop, "n_epochs", n_epochs)
    with pytest.raises(RuntimeError, match="stopped"):
        clone(network).fit(clips, y)
    monkeypatch.setattr(Stop, "n_epochs", 1000)
    assert_equal(clone(network).fit(clips, y), whole)
    monkeypatch.setattr(Stop, "n_epochs", 0)  # it is not trained again
    assert_equal(clone(network).fit(clips, y), whole)
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
    StopThird.is_on = True
    with pytest.raises(RuntimeError):
        search(checkpoint=tmp_path, callbacks=[StopThird()]).fit(clips, y)
    assert len(list(tmp_path.iterdir())) == 2
    StopThird.is_on = False
    resumed = search(checkpoint=tmp_path, callbacks=[StopThird()]).fit(clips, y)
    np.testing.assert_array_equal(resumed.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"])
    assert_equal(resumed.best_estimator_, whole.best_estimator_)
    assert len(list(tmp_path.iterdir())) == 7  # 6 fits, and that of the best
    assert len(StopThird.n_fits) == 3 + 5  # two were there


class StopThird(keras.callbacks.Callback):
    """Ends the third fit before it begins."""

    n_fits: list = []  # noqa: RUF012
    is_on = True

    def on_train_begin(self, logs=None):
        self.n_fits.append(1)
        if self.is_on and len(self.n_fits) == 3:
            raise RuntimeError("stopped")


@pytest.mark.parametrize("value", [np.sin, len, describe, {"b": 1, "a": len}, (8, 16), None])
def test_descriptions_have_no_addresses(value):
    assert " at 0x" not in describe(value)


def test_without_a_seed_every_finished_fit_is_its_own(tmp_path, monkeypatch):
    network, clips, y = NETWORKS["plain"]
    network = clone(network).set_params(checkpoint=tmp_path, random_state=None, epochs=2, callbacks=[Stop()])
    one, other = clone(network).fit(clips, y), clone(network).fit(clips, y)
    assert not np.array_equal(one.network.get_weights()[-1], other.network.get_weights()[-1])
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(Stop, "n_epochs", 1)
    with pytest.raises(RuntimeError):
        clone(network).fit(clips, y)
    monkeypatch.setattr(Stop, "n_epochs", 1000)
    assert len(clone(network).fit(clips, y).history_["loss"]) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_seed_is_what_is_drawn_from_it(tmp_path):
    network, clips, y = NETWORKS["plain"]
    network = clone(network).set_params(checkpoint=tmp_path, epochs=1)
    for seed in (0, np.int64(0), np.random.RandomState(0), np.random.RandomState(1)):
        clone(network).set_params(random_state=seed).fit(clips, y)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_training_without_a_result_is_not_kept(tmp_path):
    network, clips, y = NETWORKS["plain"]
    network = clone(network).set_params(checkpoint=tmp_path, learning_rate=1e30, epochs=3)
    for _ in range(2):
        with pytest.raises(ValueError, match="came to no result"):
            clone(network).fit(clips, y)
    assert list(tmp_path.iterdir()) == []


def test_warm_start_goes_on_from_a_finished_one(tmp_path):
    network, clips, y = NETWORKS["plain"]
    network = clone(network).set_params(warm_start=True, epochs=2)
    whole = clone(network).fit(clips, y).fit(clips, y)
    clone(network).set_params(checkpoint=tmp_path).fit(clips, y)
    again = clone(network).set_params(checkpoint=tmp_path).fit(clips, y).fit(clips, y)
    assert_equal(again, whole)


def test_functions_are_told_apart_by_what_they_do():
    def make(name):
        return lambda x: getattr(x, name)

    functions = [lambda x: x + 1, lambda x: x + 2, lambda x: x - 1, make("a"), make("b"), lambda x, y=3: x]
    assert len({describe(function) for function in functions}) == len(functions)
    assert describe(make("a")) == describe(make("a"))


@pytest.mark.parametrize("name", ["plain", "average", "early stopping"])
def test_killed_behind_the_last_epoch(tmp_path, monkeypatch, name):
    network, clips, y = NETWORKS[name]
    whole = clone(network).fit(clips, y)
    network = clone(network).set_params(checkpoint=tmp_path)
    finish = Checkpoint.finish
    monkeypatch.setattr(Checkpoint, "finish", raise_interrupt)
    with pytest.raises(KeyboardInterrupt):
        clone(network).fit(clips, y)
    monkeypatch.setattr(Checkpoint, "finish", finish)
    assert_equal(clone(network).fit(clips, y), whole)


def raise_interrupt(*args):
    raise KeyboardInterrupt
