"""Networks of the user's own, and several labels a clip."""

import functools
import pickle

import keras
import numpy as np
import pytest
from keras import layers
from scikeras.wrappers import KerasClassifier
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklspeech import (
    MelFeatures,
    Pipeline,
    SpeechClassifier,
    SpeechCNN,
    SpeechCRNN,
    export,
    freeze,
    networks,
    save,
)

PARAMS = {"epochs": 3, "batch_size": 8, "random_state": 0}
X = np.random.default_rng(0).normal(size=(48, 20, 8)).astype(np.float32)
Y = np.arange(48) % 2
X[Y == 1] += 1


def tutorial_cnn(input_shape, n_classes, filters=4):
    return keras.Sequential(
        [
            layers.Input((*input_shape, 1)),
            layers.Conv2D(filters, 3, activation="relu", kernel_initializer="he_normal"),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )


def small_encoder(input_shape, n_classes, filters=(8,)):
    return functools.partial(networks.cnn, stem=(4,), filters=filters)


@pytest.fixture(scope="module")
def own(words):
    pipeline = Pipeline([("mel", MelFeatures()), ("own", SpeechClassifier(build=tutorial_cnn, **PARAMS))])
    return pipeline.fit(words.data, words.target)


@pytest.mark.parametrize("build", [tutorial_cnn, small_encoder])
def test_trains_alike_by_the_seed_and_is_pickled(build):
    first = SpeechClassifier(build=build, **PARAMS).fit(X, Y)
    expected = first.predict_proba(X)
    other = SpeechClassifier(build=build, **(PARAMS | {"random_state": 1})).fit(X, Y)  # beside it: a network of its own
    again = clone(first).fit(X, Y)
    np.testing.assert_array_equal(again.predict_proba(X), expected)
    assert not np.allclose(other.predict_proba(X), expected, atol=1e-3)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(first)).predict_proba(X), expected)


def test_weights_are_drawn_as_the_layers_say():
    network = (
        SpeechClassifier(build=tutorial_cnn, build_params={"filters": 512}, random_state=0).initialize(X, Y).network
    )
    kernel = network.layers[-2].layers[0].get_weights()[0]  # he_normal: a deviation of sqrt(2 / 9)
    assert kernel.std() == pytest.approx(np.sqrt(2 / 9), rel=0.1)


def test_what_its_author_has_frozen_stays_so():
    def build(input_shape, n_classes):
        model = tutorial_cnn(input_shape, n_classes)
        model.layers[0].trainable = False
        return model

    network = SpeechClassifier(build=build, **PARAMS).initialize(X, Y)
    before = network.network.layers[-2].layers[0].get_weights()[0]
    np.testing.assert_array_equal(network.fit(X, Y).network.layers[-2].layers[0].get_weights()[0], before)


def test_functions_at_one_address_are_told_apart():
    for units in (3, 5, 7):
        network = SpeechClassifier(
            build=lambda shape, n, units=units: keras.Sequential(
                [layers.Input(shape), layers.Flatten(), layers.Dense(units), layers.Dense(n, activation="softmax")]
            ),
            **PARAMS,
        ).fit(X, Y)
        assert network.network.layers[-2].layers[1].units == units
        del network


def test_is_the_encoder_it_is_made_of():
    same = SpeechCNN(stem=(4,), filters=(8,), **PARAMS).fit(X, Y)
    own = SpeechClassifier(build=small_encoder, **PARAMS).fit(X, Y)
    np.testing.assert_array_equal(own.predict_proba(X), same.predict_proba(X))
    assert own.transform(X).shape == (48, 8)
    assert "block_1_conv_1" in clone(own).set_params(initialize_from=same).fit(X, Y).layers_taken_over_
    clips = [clip[: 10 + i % 10] for i, clip in enumerate(X)]
    assert clone(own).fit(clips, Y).predict(clips).shape == (48,)


def test_its_parameters_are_searched(words):
    search = GridSearchCV(
        SpeechClassifier(build=tutorial_cnn, **PARAMS), {"build_params": [{"filters": 2}, {"filters": 6}]}, cv=2
    )
    assert search.fit(X, Y).best_params_["build_params"]["filters"] in (2, 6)


def test_freezes_and_exports(own, words, tmp_path):
    frozen = freeze(own, words.data[:5])
    np.testing.assert_allclose(frozen.predict_proba(words.data[:5]), own.predict_proba(words.data[:5]), atol=1e-5)
    export(own, tmp_path / "own.onnx")


def test_one_of_scikeras_is_refused_by_name(words):
    plain = KerasClassifier(lambda meta: tutorial_cnn(meta["X_shape_"][1:], 3), loss="sparse_categorical_crossentropy")
    pipeline = Pipeline([("mel", MelFeatures()), ("keras", plain)]).fit(words.data, words.target)
    with pytest.raises(TypeError, match=r"KerasClassifier of scikeras cannot be frozen.*SpeechClassifier\(build="):
        freeze(pipeline)


@pytest.mark.parametrize(
    ("build", "params", "error", "message"),
    [
        (lambda shape, n: "network", {}, TypeError, "must give a keras.Model or an enc"),
        (lambda shape, n: tutorial_cnn(shape, n + 1), {}, ValueError, r"must go from .* to \(None, 2\), got"),
        (lambda shape, n: tutorial_cnn((5, 5), n), {}, ValueError, r"must go from \(None, 20, 8\)"),
        (tutorial_cnn, {"build_params": {"units": 3}}, TypeError, "unexpected keyword argument 'units'"),
        (tutorial_cnn, {"trainable": "head"}, ValueError, "a keras.Model of your own has its own"),
        (3, {}, ValueError, "'build' parameter"),
    ],
    ids=["text", "other output", "other input", "unknown", "head", "no function"],
)
def test_what_is_no_network(build, params, error, message):
    with pytest.raises(error, match=message):
        SpeechClassifier(build=build, **params, **PARAMS).fit(X, Y)


def test_a_model_of_ones_own_takes_one_length_and_has_no_embedding():
    with pytest.raises(ValueError, match="takes clips of one length"):
        SpeechClassifier(build=lambda shape, n: tutorial_cnn((20, 8), n), **PARAMS).fit([X[0], X[1][:5]], [0, 1])
    with pytest.raises(ValueError, match="has no embedding"):
        SpeechClassifier(build=tutorial_cnn, **PARAMS).fit(X, Y).transform(X)


# Several labels a clip

BOTH = np.stack([np.arange(48) % 2, np.arange(48) // 2 % 2, np.arange(48) % 3 == 0], axis=1).astype(int)
TOLD = X.copy()
for column in range(3):
    TOLD[BOTH[:, column] == 1, :, column] += 3


@pytest.mark.parametrize("make", [SpeechCNN, SpeechCRNN])
def test_several_labels_a_clip(make):
    small = {"filters": (8,)} if make is SpeechCNN else {"units": 8}
    network = make(stem=(4,), **small, epochs=60, batch_size=8, random_state=0, shift=0.0).fit(TOLD, BOTH)
    probabilities = network.predict_proba(TOLD)
    assert probabilities.shape == (48, 3)
    assert not np.allclose(probabilities.sum(axis=1), 1, atol=0.05)  # each by itself
    np.testing.assert_array_equal(network.predict(TOLD), (probabilities > 0.5).astype(int))
    assert network.score(TOLD, BOTH) > 0.9
    assert network.classes_.tolist() == [0, 1, 2]
    frozen = freeze(Pipeline([("network", network)]))
    np.testing.assert_array_equal(frozen.predict(TOLD), network.predict(TOLD))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(network)).predict(TOLD), network.predict(TOLD))


def test_several_labels_with_early_stopping_and_groups():
    network = SpeechCNN(stem=(4,), filters=(8,), early_stopping=True, **PARAMS)
    assert "val_loss" in network.fit(TOLD, BOTH).history_
    assert "val_loss" in network.fit(TOLD, BOTH, groups=np.arange(48) // 4).history_


def test_labels_of_another_kind_later_are_refused():
    network = SpeechCNN(stem=(4,), filters=(8,), **PARAMS).fit(TOLD, BOTH)
    for y, message in (
        (BOTH[:, :2], "has 2 labels a clip, expected 3"),
        (Y, "has one label a clip, expected 3 labels"),
    ):
        with pytest.raises(ValueError, match=message):
            network.partial_fit(TOLD, y)
    with pytest.raises(ValueError, match=r"must be a table of 0 and 1, got \[0, 2\]"):
        SpeechCNN(**PARAMS).fit(TOLD, 2 * BOTH)
    with pytest.raises(ValueError, match="is for one label a clip"):
        SpeechCNN(class_weight="balanced", **PARAMS).fit(TOLD, BOTH)


def test_several_labels_are_not_saved_without_pickle(words, tmp_path):
    y = np.stack([words.target == label for label in ("no", "yes")], axis=1).astype(int)
    pipeline = Pipeline([("mel", MelFeatures()), ("cnn", SpeechCNN(filters=(8,), **PARAMS))]).fit(words.data, y)
    with pytest.raises(ValueError, match="several labels a clip: use joblib"):
        save(freeze(pipeline), tmp_path / "model.sklspeech")
