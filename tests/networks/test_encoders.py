"""The networks as Keras models."""

import importlib.util
import inspect
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from sklspeech.networks import encoders as networks
from sklspeech.networks.layers import (
    BatchNorm,
    Floor,
    Gain,
    Level,
    Noise,
    PositionEmbedding,
    SpecAugment,
    Standardize,
    Warp,
)

BUILDERS = [networks.cnn, networks.rnn, networks.crnn, networks.transformer]


def broadcasted(input_shape, n_classes):
    return networks.cnn(input_shape, n_classes, architecture="broadcasted", filters=(8, 12))


@pytest.mark.parametrize("build", [*BUILDERS, broadcasted])
@pytest.mark.parametrize("shape", [(101, 40), (7, 13), (1, 5), (1, 1)])
def test_output_is_probabilities(build, shape):
    network = build(shape, 4)
    probabilities = np.asarray(network(np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)))
    assert probabilities.shape == (3, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("build", [*BUILDERS, broadcasted])
def test_network_is_saved_and_loaded_without_custom_objects(build, tmp_path):
    network = build((20, 8), 3)
    X = np.random.default_rng(0).normal(size=(2, 20, 8)).astype(np.float32)
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_allclose(np.asarray(loaded(X)), np.asarray(network(X)), atol=1e-6)


@pytest.mark.parametrize("build", BUILDERS)
def test_classifier_has_the_defaults_of_its_network(build):
    from sklspeech.recognizers import classifiers

    classifier = next(c for c in vars(classifiers).values() if getattr(c, "_network", None) == build.__name__)()
    defaults = {p.name: p.default for p in list(inspect.signature(build).parameters.values())[2:]}
    defaults |= vars(defaults.pop("recipe")) | {"floor": "auto"}  # which the features decide
    assert {name: getattr(classifier, name) for name in defaults} == defaults


def test_standardize():
    X = np.random.default_rng(0).normal(5, 3, size=(50, 20, 4)).astype(np.float32)
    X[..., 2] = 7.0
    layer = Standardize()
    layer.build(X.shape)
    layer.adapt([X[:2], X[2:]])
    out = np.asarray(layer(X))
    np.testing.assert_allclose(out.mean(axis=(0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(out.std(axis=(0, 1)), [1, 1, 0, 1], atol=1e-4)


@pytest.mark.parametrize("shape", [(6, 10, 4, 3), (6, 10, 3), (1, 1, 3)])
def test_batch_norm_is_that_of_keras(shape):
    """Outputs, gradients, and what is kept for prediction; a clip of one frame as well."""
    import tensorflow as tf

    X = np.random.default_rng(0).normal(5, 3, size=shape).astype(np.float32)
    results = []
    for layer in (keras.layers.BatchNormalization(momentum=0.9), BatchNorm(momentum=0.9)):
        layer.build(shape)
        layer.gamma.assign([0.5, 1.0, 2.0])
        with tf.GradientTape() as tape:
            inputs = tf.Variable(X)
            out = layer(inputs, training=True)
            gradient = tape.gradient(tf.reduce_sum(out**3), [inputs, layer.gamma.value])
        results.append([out, *gradient, layer.moving_mean, layer.moving_variance, layer(X)])
    for keras_one, ours in zip(*results, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(keras_one), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("normalization", ["clip", "feature"])
def test_level_is_exact_far_from_0(normalization):
    X = np.random.default_rng(0).normal(-500, 10, size=(8, 101, 40)).astype(np.float32)
    axis = (1, 2) if normalization == "clip" else 1
    expected = X - X.mean(axis=axis, keepdims=True, dtype=np.float64)
    left = np.asarray(Level(normalization)(X)).mean(axis=axis, dtype=np.float64)
    np.testing.assert_allclose(left, 0, atol=2e-6)
    np.testing.assert_allclose(np.asarray(Level(normalization)(X)), expected, atol=5e-5)


@pytest.mark.parametrize(("normalization", "axis"), [("clip", (1, 2)), ("feature", 1)])
def test_level_takes_out_the_mean_of_each_clip(normalization, axis):
    X = np.random.default_rng(0).normal(-50, 20, size=(5, 30, 8)).astype(np.float32)
    layer = Level(normalization)
    np.testing.assert_allclose(np.asarray(layer(X)), X - X.mean(axis, keepdims=True), atol=1e-4)
    np.testing.assert_array_equal(np.asarray(layer(X[:, :1])), X[:, :1])


def power(decibels):
    return 10 ** (np.asarray(decibels, dtype=np.float64) / 10)


def test_noise_adds_power_at_its_ratio_in_training_only():
    X = np.random.default_rng(0).normal(-40, 15, size=(400, 30, 20)).astype(np.float32)
    layer = Noise(5.0, seed=0)
    np.testing.assert_array_equal(np.asarray(layer(X)), X)
    noise = power(layer(X, training=True)) - power(X)
    snr = 10 * np.log10(power(X).mean(axis=(1, 2)) / noise.mean(axis=(1, 2)))
    assert 4.9 < snr.min() < 6
    assert 34 < snr.max() < 35.1
    assert abs(snr.mean() - 20) < 1.5
    spectra = noise.mean(axis=1)
    slopes = 10 * np.log10(spectra[:, -1] / spectra[:, 0])[snr < 15]  # quiet noise drowns in float32
    assert -20.5 < slopes.min() < -15
    assert 15 < slopes.max() < 20.5


def test_gain_moves_whole_clips_in_training_only():
    X = np.random.default_rng(0).normal(size=(300, 10, 4)).astype(np.float32)
    layer = Gain(6.0, seed=0)
    np.testing.assert_array_equal(np.asarray(layer(X)), X)
    gains = np.asarray(layer(X, training=True)) - X
    np.testing.assert_allclose(gains - gains[:, :1, :1], 0, atol=1e-5)
    assert -6.001 < gains.min() < -5.8
    assert 5.8 < gains.max() < 6.001


def test_floor_hides_what_is_faint_in_training_only():
    X = np.random.default_rng(0).uniform(-200, 0, size=(300, 30, 20)).astype(np.float32)
    layer = Floor(35.0, seed=0)
    np.testing.assert_array_equal(np.asarray(layer(X)), X)
    out = np.asarray(layer(X, training=True))
    loudest, floors = X.max(axis=(1, 2)), out.min(axis=(1, 2))
    np.testing.assert_array_equal(out, np.maximum(X, floors[:, None, None]))
    assert 35 < (loudest - floors).min() < 35.5
    assert 74.5 < (loudest - floors).max() < 75


def test_spec_augment_masks_whole_bands_and_spans_in_training_only():
    X = np.ones((200, 30, 20), np.float32)
    layer = SpecAugment(1, 0.2, 1, 0.2, seed=0)
    np.testing.assert_array_equal(np.asarray(layer(X)), X)
    out = np.asarray(layer(X, training=True))
    frames, features = out.max(axis=2) == 0, out.max(axis=1) == 0  # masked in every feature, in every frame
    np.testing.assert_array_equal(out == 0, frames[:, :, None] | features[:, None, :])
    assert frames.sum(axis=1).max() == 6
    assert features.sum(axis=1).max() == 4
    assert len(np.unique(frames, axis=0)) > 50


@pytest.mark.parametrize(("length", "widest"), [(1, 0), (4, 0), (13, 2), (101, 20)])
def test_spec_augment_never_masks_more_than_its_width(length, widest):
    layer = SpecAugment(0, 0.2, 1, 0.2, seed=0)
    masked = np.asarray(layer(np.ones((2000, length, 3), np.float32), training=True))[:, :, 0] == 0
    assert masked.sum(axis=1).max() == widest


def ramps(axis, shape=(300, 60, 40)):
    """Clips whose values are the place along an axis."""
    X = np.moveaxis(np.zeros(shape, np.float32), axis, -1)
    X[:] = np.arange(X.shape[-1])
    return np.moveaxis(X, -1, axis)


@pytest.mark.parametrize(
    ("axis", "params"), [(1, {"speed": 0.25}), (2, {"frequency": 0.25}), (1, {"shift": 0.1})], ids=str
)
def test_warp_moves_along_one_axis_in_training_only(axis, params):
    X = ramps(axis)
    layer = Warp(**{"speed": 0.0, "frequency": 0.0, "shift": 0.0, **params}, seed=0)
    np.testing.assert_array_equal(np.asarray(layer(X)), X)
    places = np.moveaxis(np.asarray(layer(X, training=True)), axis, 1)[:, :, 0]  # (n_clips, length)
    inside = (places > 0.01) & (places < X.shape[axis] - 1.01)
    steps = np.array([np.median(np.diff(row[kept])) for row, kept in zip(places, inside, strict=True)])
    starts = places[:, 20] - 20 * steps
    if "shift" in params:
        np.testing.assert_allclose(steps, 1, atol=1e-4)
        assert -6.01 < starts.min() < -5.5
        assert 5.5 < starts.max() < 6.01
    else:
        np.testing.assert_allclose(starts, 0, atol=1e-3)
        assert 0.79 < steps.min() < 0.82
        assert 1.2 < steps.max() < 1.26


def test_warp_of_nothing_changes_nothing():
    X = np.random.default_rng(0).normal(size=(3, 20, 8)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(Warp(0.0, 0.0, 0.0)(X, training=True)), X, atol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [
        Level("clip"),
        Standardize(),
        BatchNorm(momentum=0.9),
        Noise(5.0, seed=3),
        Gain(6.0, seed=3),
        Floor(35.0, seed=3),
        SpecAugment(1, 0.2, 2, 0.1, seed=3),
        Warp(0.2, 0.1, 0.1, seed=3),
        PositionEmbedding(),
    ],
    ids=lambda layer: layer.name,
)
def test_layers_are_serializable(layer):
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert copy.get_config() == layer.get_config()


ON_ANOTHER_BACKEND = """
import numpy as np, pickle
from sklspeech import SpeechCNN, SpeechCRNN, SpeechRNN, SpeechTransformer
X = np.random.default_rng(0).normal(size=(24, 20, 8)).astype("float32")
y = np.arange(24) % 2
X[y == 1] += 1
params = {"epochs": 3, "batch_size": 8, "dropout": 0.0, "random_state": 0}  # torch's dropout takes no seed from Keras
for make in (SpeechCNN, SpeechRNN, SpeechCRNN, SpeechTransformer):
    first = make(**params).fit(X, y)
    p = first.predict_proba(X)
    assert p.shape == (24, 2) and np.allclose(p.sum(1), 1, atol=1e-5)
    assert np.allclose(pickle.loads(pickle.dumps(first)).predict_proba(X), p, atol=1e-6)
    del first
    assert np.allclose(make(**params).fit(X, y).predict_proba(X), p, atol=1e-5)
"""


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_other_backend(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", ON_ANOTHER_BACKEND], env=environment, check=True, timeout=300)
