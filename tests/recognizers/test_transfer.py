"""A network that goes on from another one: what it takes over, what is trained, what is refused."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

from sklspeech import MelFeatures, Pipeline, SpeechCNN, SpeechTransformer, freeze

SMALL = {"stem": (4,), "filters": (8,), "batch_size": 8, "random_state": 0}
RANDOM = np.random.default_rng(0)
Y = np.tile(["no", "stop", "yes"], 20)
X = RANDOM.normal(size=(60, 20, 8)).astype(np.float32) + 2 * np.eye(8, dtype=np.float32)[np.arange(60) % 3][:, None]


@pytest.fixture(scope="module")
def source():
    return SpeechCNN(**SMALL, epochs=8).fit(X, Y)


def weights(recognizer):
    return {layer.name: layer.get_weights() for layer in recognizer.network.layers if layer.weights}


def test_goes_on_where_the_other_stood(source):
    """A step too small to count leaves what was taken over, normalization and the labels of both among it."""
    tuned = SpeechCNN(**SMALL, epochs=1, learning_rate=1e-12, initialize_from=source).fit(5 * X, Y)
    assert set(tuned.layers_taken_over_) == set(weights(source))
    np.testing.assert_array_equal(weights(tuned)["standardize"][0], weights(source)["standardize"][0])
    np.testing.assert_allclose(weights(tuned)["probabilities"][0], weights(source)["probabilities"][0], atol=1e-6)
    new = np.where(Y == "yes", "maybe", Y)
    tuned = SpeechCNN(**SMALL, epochs=1, learning_rate=1e-12, initialize_from=source).fit(X, new)
    assert tuned.classes_.tolist() == ["maybe", "no", "stop"]
    kernel, given = weights(tuned)["probabilities"][0], weights(source)["probabilities"][0]
    np.testing.assert_allclose(kernel[:, 1:], given[:, :2], atol=1e-6)
    assert not np.allclose(kernel[:, 0], given[:, 2], atol=1e-3)


def test_only_the_head_is_trained(source):
    tuned = SpeechCNN(**SMALL, epochs=3, initialize_from=source, trainable="head").fit(X, Y)
    changed = [
        name for name, values in weights(tuned).items() if not np.array_equal(values[0], weights(source)[name][0])
    ]
    assert changed == ["probabilities"]


@pytest.mark.parametrize(
    "around",
    [
        lambda fitted: Pipeline([("cnn", fitted)]),
        FrozenEstimator,
        lambda fitted: GridSearchCV(fitted, {"epochs": [1]}, cv=2).fit(X, Y),
    ],
    ids=["pipeline", "frozen estimator", "search"],
)
def test_is_found_within_others(source, around):
    tuned = SpeechCNN(**SMALL, epochs=1, initialize_from=around(source)).fit(X, Y)
    assert "block_1_conv_1" in tuned.layers_taken_over_


def test_a_clone_goes_on_from_the_same(source):
    """What a search, a fold or a pickle makes of it has not forgotten what the other had learned."""
    tuned = SpeechCNN(**SMALL, epochs=1, initialize_from=source)
    assert clone(tuned).initialize_from is source
    assert "initialize_from__epochs" not in tuned.get_params()
    search = GridSearchCV(Pipeline([("cnn", tuned)]), {"cnn__learning_rate": [1e-4, 1e-3]}, cv=2).fit(X, Y)
    assert search.best_estimator_[-1].layers_taken_over_
    fitted = clone(tuned).fit(X, Y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        (lambda source: SpeechCNN(**SMALL), ValueError, "not fitted"),
        (lambda source: SVC().fit(X[:, 0], Y), TypeError, "must be a fitted recognizer, .* got SVC"),
        (
            lambda source: freeze(Pipeline([("cnn", source)])),
            TypeError,
            "got FrozenClassifier; a frozen one has no weights",
        ),
        (lambda source: clone(source).fit(X[:, :, :4], Y), ValueError, "trained on 4 features a frame, X has 8"),
        (
            lambda source: SpeechTransformer(stem=(), units=8, n_layers=1, epochs=1).fit(X, Y),
            ValueError,
            "none of whose layers fits",
        ),
    ],
    ids=["not fitted", "no network", "frozen", "other features", "other network"],
)
def test_what_cannot_be_gone_on_from(source, other, error, message):
    with pytest.raises(error, match=message):
        SpeechCNN(**SMALL, epochs=1, initialize_from=other(source)).fit(X, Y)


def test_the_embedding_before_the_head(source):
    embedding = source.transform(X)
    assert embedding.shape == (60, 8)
    kernel, bias = weights(source)["probabilities"]
    logits = embedding @ kernel + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(source.predict_proba(X), expected, atol=1e-5)


def test_a_recognizer_as_features(words):
    fitted = SpeechCNN(**SMALL, epochs=3)
    recognizer = Pipeline([("mel", MelFeatures()), ("cnn", fitted)]).fit(words.data, words.target)
    steps = [("mel", recognizer[0]), ("cnn", FrozenEstimator(recognizer[-1])), ("svc", LogisticRegression())]
    table = Pipeline(steps).fit(words.data, words.target)
    assert table.score(words.data, words.target) > 0.5
    assert recognizer.transform(words.data).shape == (60, 8)
    together = Pipeline([("mel", MelFeatures()), ("cnn", clone(fitted)), ("svc", LogisticRegression())])
    assert together.fit(words.data, words.target).score(words.data, words.target) > 0.5
