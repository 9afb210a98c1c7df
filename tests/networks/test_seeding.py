"""Weights depend on the seed and on the names of their layers, and on nothing else."""

import functools

import keras
import numpy as np
import pytest

from sklspeech import networks

BUILD = {
    "cnn": functools.partial(networks.classifier, (30, 8), 3),
    "augmented": functools.partial(
        networks.classifier, (30, 8), 3, recipe=networks.Recipe(snr=(5.0, 35.0), gain=6.0, floor=35.0)
    ),
    "broadcasted": functools.partial(
        networks.classifier, (30, 8), 3, functools.partial(networks.cnn, architecture="broadcasted", filters=(8, 12))
    ),
    "rnn": functools.partial(networks.classifier, (30, 8), 3, networks.rnn, pooling="attention"),
    "crnn": functools.partial(networks.classifier, (None, 8), 3, networks.crnn),
    "transformer": functools.partial(networks.classifier, (None, 8), 3, networks.transformer),
}


def seeded(build, seed, **params):
    model = build(**params)
    networks.seed_weights(model, seed)
    return model


def values(model):
    return [variable.numpy() for variable in model.variables]


@pytest.mark.parametrize("name", BUILD)
def test_same_seed_same_network(name):
    for a, b in zip(*(values(seeded(BUILD[name], 5)) for _ in range(2)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", BUILD)
def test_every_random_value_depends_on_the_seed(name):
    model = BUILD[name]()
    random = [v for v in model.variables if "kernel" in v.name or v.name == "seed_generator_state"]
    draws = []
    for seed in (0, 1):
        networks.seed_weights(model, seed)
        draws.append([variable.numpy() for variable in random])
    assert len(random) > 5
    for variable, a, b in zip(random, *draws, strict=True):
        assert not np.array_equal(a, b), variable.path


@pytest.mark.parametrize(
    "recipe", [{"floor": 35.0, "snr": (5.0, 35.0), "gain": 6.0}, {"masks": 0, "speed": 0.0}], ids=str
)
def test_a_layer_more_or_less_changes_no_other(recipe):
    plain, other = (
        {v.path: v.numpy() for v in seeded(BUILD["cnn"], 0, recipe=networks.Recipe(**params)).trainable_variables}
        for params in ({}, recipe)
    )
    assert plain.keys() == other.keys()
    for path, kernel in plain.items():
        np.testing.assert_array_equal(other[path], kernel)


def test_kernels_are_drawn_as_by_keras():
    kernel = seeded(BUILD["cnn"], 0).get_layer("block_2_conv_2").kernel.numpy()
    limit = np.sqrt(6 / (kernel.shape[1] * (kernel.shape[2] + kernel.shape[3])))  # Glorot and Bengio, 2010
    assert np.abs(kernel).max() == pytest.approx(limit, rel=0.01)
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    recurrent = next(v for v in seeded(BUILD["crnn"], 0).variables if v.name == "recurrent_kernel").numpy()
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(len(recurrent)), atol=1e-5)


def test_draws_of_random_layers_differ():
    model = keras.Sequential([keras.Input((50,)), *(keras.layers.Dropout(0.5, name=name) for name in "ab")])
    networks.seed_weights(model, 0)
    kept = [np.asarray(layer(np.ones((1, 50), np.float32), training=True)) > 0 for layer in model.layers]
    assert not np.array_equal(*kept)
