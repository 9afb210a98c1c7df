"""A training that loses its numbers, its labels or its time raises, and says why."""

import multiprocessing
import pickle
import warnings

import keras
import numpy as np
import pytest
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV

from sklspeech import Pipeline, SpeechCNN, SpeechCRNN, SpeechRNN, SpeechTransformer, freeze
from sklspeech.recognizers import network_pool

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(24, 20, 6)).astype(np.float32)
Y = np.array(["a", "b"] * 12)
SMALL = {"stem": (4,), "filters": (8,), "epochs": 1, "random_state": 0}


def cnn(**params):
    return SpeechCNN(**{**SMALL, **params})


EXPLODE = {"optimizer": "sgd", "learning_rate": 1e30, "learning_rate_schedule": "constant", "epochs": 3}


@pytest.mark.parametrize("params", [EXPLODE, EXPLODE | {"ema_momentum": 0.5}, EXPLODE | {"early_stopping": True}])
def test_loss_that_is_no_number(params):
    network = cnn(**params)
    with pytest.raises(ValueError, match=r"the training of SpeechCNN came to no result: .* Try a learning_rate below"):
        network.fit(X, Y)
    with pytest.raises(ValueError, match="not fitted"):
        network.predict(X)
    assert np.isfinite(cnn(epochs=1).fit(X, Y).predict_proba(X)).all()  # the network that is lent again is sound


def test_a_search_does_not_choose_it():
    search = GridSearchCV(cnn(**EXPLODE), {"learning_rate": [1e30, 1e-3]}, cv=2)
    with pytest.warns(FitFailedWarning):
        search.fit(X, Y)
    assert search.best_params_ == {"learning_rate": 1e-3}


WEIGHTS = {
    "NaN": (np.where(np.arange(24) == 3, np.nan, 1.0), "NaN"),
    "infinite": (np.where(np.arange(24) == 3, np.inf, 1.0), "infinity"),
    "negative": (np.where(np.arange(24) == 3, -1.0, 1.0), "[Nn]egative"),
    "all zero": (np.zeros(24), "zero|0 for all"),
    "too few": (np.ones(23), "."),
}


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_weights_of_clips(name, method):
    weights, message = WEIGHTS[name]
    with pytest.raises(ValueError, match=message):
        getattr(cnn(), method)(X, Y, sample_weight=weights)


@pytest.mark.parametrize("weight", [np.nan, -1.0, np.inf, None, "much"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_weights_of_classes(weight, method):
    with pytest.raises(ValueError, match="class_weight of 'a' must be a number of 0 or more"):
        getattr(cnn(class_weight={"a": weight, "b": 1.0}), method)(X, Y)


@pytest.mark.parametrize(
    "name", ["dropout", "speed", "shift", "gain", "floor", "mixup", "learning_rate", "weight_decay"]
)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_parameters_that_are_no_numbers(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        cnn(**{name: value}).fit(X, Y)


@pytest.mark.parametrize("method", ["fit", "partial_fit", "initialize"])
@pytest.mark.parametrize("label", ["a", 1])
def test_one_class(method, label):
    with pytest.raises(
        ValueError, match=f"at least 2 classes in the data, but the data contains only one class: {label!r}"
    ):
        getattr(cnn(), method)(X, [label] * 24)


def test_one_class_of_several_that_will_come():
    network = cnn().partial_fit(X, ["a"] * 24, classes=["a", "b"])
    assert network.predict_proba(X).shape == (24, 2)


@pytest.mark.parametrize(
    ("labels", "is_said"),
    [
        ([f"the sentence number {i}" for i in range(24)], True),
        ([f"word{i}" for i in range(24)], False),
        (["turn on", "turn off"] * 12, False),
    ],
)
def test_sentences_belong_to_transcription(labels, is_said):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cnn().fit(X, labels)
    assert any("transcription" in str(warning.message) for warning in caught) == is_said


class Interrupt(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"ema_momentum": 0.9}])
def test_an_interrupted_fit_keeps_what_was_learned(params):
    network = cnn(epochs=5, callbacks=[Interrupt(3)], **params)
    pipeline = Pipeline([("network", network)])
    with pytest.warns(match="interrupted after 3 of 5 epochs"), pytest.raises(KeyboardInterrupt):
        pipeline.fit(X, Y)
    assert len(network.history_["loss"]) == 3
    assert np.isfinite(pipeline.predict_proba(X)).all()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(network)).predict(X), network.predict(X))
    network.set_params(warm_start=True, callbacks=None, epochs=2).fit(X, Y)  # and goes on from there
    assert len(network.history_["loss"]) == 5


def test_interrupted_before_anything_was_learned():
    network = cnn(epochs=5, callbacks=[Interrupt(0)])
    with pytest.raises(KeyboardInterrupt):
        network.fit(X, Y)
    with pytest.raises(ValueError, match="not fitted"):
        network.predict(X)


NETWORKS = [
    cnn(floor=35.0, snr=(10.0, 40.0), gain=3.0),
    SpeechRNN(stem=(), units=4, n_layers=1, epochs=1),
    SpeechCRNN(stem=(4,), units=4, epochs=1),
    SpeechTransformer(stem=(), units=4, n_layers=1, n_heads=2, epochs=1),
]


@pytest.mark.parametrize(
    ("policy", "clips"),
    [
        ("mixed_float16", X),
        ("mixed_bfloat16", [clip[: 10 + i % 5] for i, clip in enumerate(X)]),
        ("float64", X),
    ],
    ids=["float16", "bfloat16, list", "float64"],
)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: type(network).__name__)
def test_dtype_policies(policy, network, clips):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        probabilities = network.fit(clips, Y).predict_proba(clips)
        with pytest.raises(ValueError, match=r"computes in .*set_dtype_policy"):
            freeze(network)
    finally:
        keras.config.set_dtype_policy(before)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-2)


@pytest.mark.parametrize(
    "call",
    [
        lambda network, content: network.predict(X),
        lambda network, content: network.fit(X, Y),
        lambda network, content: pickle.loads(content).predict(X),
    ],
    ids=["predict", "fit", "loaded"],
)
def test_a_forked_process_says_so(call, monkeypatch):
    network = cnn().fit(X, Y)
    content = pickle.dumps(network)
    monkeypatch.setattr(network_pool, "_process", [0])  # as in a process that was forked
    with pytest.raises(RuntimeError, match=r"'spawn'.*'loky'.*freeze"):
        call(network, content)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork on this system")
def test_a_frozen_network_may_be_forked():
    frozen = freeze(cnn().fit(X, Y))
    expected = frozen.predict(X)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        found = pool.apply_async(frozen.predict, (X,)).get(60)
    np.testing.assert_array_equal(found, expected)
