"""Layers that act in training and in prediction, against NumPy and Keras."""

import keras
import numpy as np
import pytest

from sklspeech.networks.augmentation import RandomFloor, RandomGain, RandomNoise, RandomWarp, SpecAugment
from sklspeech.networks.layers import (
    BatchNorm,
    Bidirectional,
    ClearPadding,
    HalveMask,
    Level,
    MeanOverTime,
    MiddleStep,
    PositionEncoding,
    Standardize,
    StepMask,
)

X = np.random.default_rng(0).normal(-50, 20, size=(4, 12, 6)).astype(np.float32)
LENGTHS = np.array([12, 7, 1, 5], np.int32)
MASK = (np.arange(12) < LENGTHS[:, None]).astype(np.float32)


def test_mask_is_1_for_the_steps_of_a_clip():
    np.testing.assert_array_equal(np.asarray(StepMask()(X, LENGTHS)), MASK)


def test_half_of_a_mask_is_that_of_every_second_step():
    expected = np.arange(6) < -(-LENGTHS[:, None] // 2)
    np.testing.assert_array_equal(np.asarray(HalveMask()(MASK)), expected)


@pytest.mark.parametrize("axis", [1, 2])
def test_padding_is_cleared(axis):
    maps = np.moveaxis(np.stack([X, X], axis=-1), 1, axis)
    cleared = np.moveaxis(np.asarray(ClearPadding(axis)(maps, MASK)), axis, 1)
    np.testing.assert_array_equal(cleared, np.stack([X, X], axis=-1) * MASK[:, :, None, None])


@pytest.mark.parametrize("normalization", ["clip", "feature"])
def test_level_of_a_padded_clip_is_its_own(normalization):
    padded = np.asarray(Level(normalization)(X, step_mask=MASK))
    for clip, row, length in zip(X, padded, LENGTHS, strict=True):
        mean = clip[:length].mean(axis=None if normalization == "clip" else 0, dtype=np.float64)
        np.testing.assert_allclose(row[:length], clip[:length] - mean, atol=2e-5)


def test_mean_and_middle_of_a_padded_clip_are_its_own():
    for clip, length, mean, middle in zip(
        X,
        LENGTHS,
        np.asarray(MeanOverTime()(X, step_mask=MASK)),
        np.asarray(MiddleStep()(X, step_mask=MASK)),
        strict=True,
    ):
        np.testing.assert_allclose(mean, clip[:length].mean(axis=0), rtol=1e-5)
        np.testing.assert_array_equal(middle[0], clip[length // 2])
    np.testing.assert_array_equal(np.asarray(MiddleStep()(X))[:, 0], X[:, 6])


@pytest.mark.parametrize("n_units", [5, 6])
def test_every_position_has_its_own_encoding(n_units):
    zeros = np.zeros((1, 300, n_units), np.float32)
    waves = np.asarray(PositionEncoding(scale=0.5)(zeros))[0]
    assert waves.std() == pytest.approx(0.5, rel=0.3)
    distances = np.linalg.norm(waves[:, None] - waves, axis=2) + np.eye(300)
    assert distances.min() > 1e-3


def test_standardize():
    X = np.random.default_rng(0).normal(5, 3, size=(50, 20, 4)).astype(np.float32)
    X[..., 2] = 7.0
    layer = Standardize()
    layer.build(X.shape)
    layer.adapt([X[:2].reshape(-1, 4), X[2:].reshape(-1, 4)])
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


@pytest.mark.parametrize(
    "layer",
    [
        StepMask(),
        HalveMask(),
        ClearPadding(2),
        Level("clip"),
        Standardize(),
        BatchNorm(momentum=0.9),
        Bidirectional(keras.layers.GRU(3)),
        PositionEncoding(0.2),
        MiddleStep(),
        MeanOverTime(),
        RandomNoise((5.0, 35.0), seed=3),
        RandomGain(6.0, seed=3),
        RandomFloor(35.0, seed=3),
        SpecAugment(1, 0.2, 2, 0.1, seed=3),
        RandomWarp(0.2, 0.1, 0.1, seed=3),
    ],
    ids=lambda layer: layer.name,
)
def test_layers_are_serializable(layer):
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert copy.get_config() == layer.get_config()
