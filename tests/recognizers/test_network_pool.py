"""Networks lent from fit to fit: nobody can tell from the result."""

import functools
import gc

import keras
import numpy as np
import pytest
from sklearn.base import clone

from sklspeech import SpeechCNN, SpeechRNN, SpeechTranscriber, SpeechTransformer
from sklspeech.recognizers import network_pool

SMALL = SpeechCNN(stem=(8,), filters=(8,), epochs=2, batch_size=30, random_state=0)


@pytest.fixture
def fit(features, words):
    """Fits a classifier; the pool is empty at first."""
    network_pool._idle.clear()
    return lambda **params: clone(SMALL).set_params(**params).fit(features, words.target)


PARTIAL = {"optimizer": functools.partial(keras.optimizers.SGD, momentum=0.9)}
NETWORKS = [
    SMALL,
    clone(SMALL).set_params(**PARTIAL),
    SpeechRNN(units=4, n_layers=1),
    SpeechTransformer(units=8, n_layers=1),
]


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_a_network_is_lent_again_and_is_as_new(features, words, network):
    """With another seed in between, of which nothing may be left: neither weights nor optimizer nor moving means."""
    network_pool._idle.clear()
    used, predicted = set(), []
    for seed in (0, 1, 0):
        classifier = clone(network).set_params(epochs=2, batch_size=30, stem=(8,), random_state=seed)
        predicted.append(classifier.fit(features, words.target).predict_proba(features))
        used.add(id(classifier.network))
        del classifier
        gc.collect()
    assert len(used) == 1
    np.testing.assert_array_equal(predicted[2], predicted[0])
    assert not np.allclose(predicted[1], predicted[0], atol=1e-4)


def test_two_fitted_at_once_do_not_share(fit, features):
    pooled = fit()
    before = pooled.predict_proba(features)
    second = fit(random_state=1)
    assert second.network is not pooled.network
    np.testing.assert_array_equal(pooled.predict_proba(features), before)


def test_a_network_that_was_asked_for_is_never_lent_again(fit):
    pooled = fit()
    kept = pooled.model_
    expected = kept.get_weights()
    del pooled
    gc.collect()
    fit(random_state=5)
    for a, b in zip(kept.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_more_than_a_few_wait(features, monkeypatch):
    network_pool._idle.clear()
    monkeypatch.setattr(network_pool, "_MAX_IDLE", 2)
    for n_frames in (10, 11, 12):
        SpeechCNN(stem=(), filters=(4,)).initialize(features[:6, :n_frames], ["a", "b"] * 3)
        gc.collect()
    assert sum(map(len, network_pool._idle.values())) == 2


@pytest.mark.parametrize(
    "network",
    [
        clone(SMALL).set_params(architecture="broadcasted"),
        SpeechRNN(units=4, n_layers=1),
        SpeechTransformer(units=8, n_layers=1),
        SpeechTranscriber(width=16, n_layers=1),
    ],
    ids=str,
)
def test_a_network_that_is_gone_leaves_no_trace(features, words, network, monkeypatch):
    """TensorFlow's registry of gradients would keep the graph of the training step for ever."""
    expect_no_trace(features, words, network, monkeypatch)


def test_a_network_of_mixed_precision_leaves_no_trace(features, words, monkeypatch):
    """Its optimizer is within another one."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        expect_no_trace(features, words, SMALL, monkeypatch)
    finally:
        keras.config.set_dtype_policy(policy)


def expect_no_trace(features, words, network, monkeypatch):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("graphs are TensorFlow's")

    def n_graphs():
        for _ in range(3):  # what one collection puts back into the pool, the next one frees
            gc.collect()
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    monkeypatch.setattr(network_pool, "_MAX_IDLE", 0)
    gc.collect()
    network_pool._idle.clear()
    before = n_graphs()
    clips = list(features[:20]) if hasattr(network, "predict_words") else features[:20]
    fitted = clone(network).set_params(epochs=1, dropout=0.123).fit(clips, words.target[:20])
    fitted.predict(clips)
    during = n_graphs()
    del fitted
    assert during > before
    assert n_graphs() == before
