"""Whole networks as Keras models, in Keras and in ONNX Runtime."""

import functools
import importlib.util
import inspect
import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import onnxruntime
import pytest

import sklspeech
from sklspeech import networks

ENCODERS = {
    "cnn": (networks.cnn, "mean"),
    "cnn without stem": (functools.partial(networks.cnn, stem=(), filters=(8, 12), kernel_size=9), "mean"),
    "cnn of even kernels": (functools.partial(networks.cnn, stem=(), filters=(8, 12), kernel_size=4), "mean"),
    "broadcasted": (functools.partial(networks.cnn, architecture="broadcasted", filters=(8, 12)), "mean"),
    "rnn": (functools.partial(networks.rnn, units=8), "attention"),
    "crnn": (functools.partial(networks.crnn, units=8), "mean"),
    "deep_cnn": (functools.partial(networks.deep_cnn, units=12, n_layers=2), "mean"),
    "deep_crnn": (functools.partial(networks.deep_crnn, units=12, n_layers=1), "mean"),
    "transformer": (functools.partial(networks.transformer, units=8, n_layers=2), "mean"),
}
by_encoder = pytest.mark.parametrize("name", ENCODERS)


def build(name, input_shape, n_classes=4, **recipe):
    encoder, pooling = ENCODERS[name]
    network = networks.classifier(
        input_shape, n_classes, encoder, pooling=pooling, recipe=networks.Recipe(floor=35.0, **recipe)
    )
    networks.seed_weights(network, 0)
    random = np.random.default_rng(0)
    for variable in network.variables:  # as after training: zeros and ones would hide what padding does to them
        if variable.name in ("bias", "beta", "moving_mean"):
            variable.assign(random.normal(0, 0.1, variable.shape))
    return network


def clips(n, n_frames, n_features=8):
    return np.random.default_rng(n_frames).normal(-40, 10, size=(n, n_frames, n_features)).astype(np.float32)


def padded(X, n_frames):
    wide = np.full((len(X), n_frames, X.shape[2]), 50.0, np.float32)
    wide[:, : X.shape[1]] = X
    return wide, np.full(len(X), X.shape[1], np.int32)


@by_encoder
@pytest.mark.parametrize("shape", [(101, 40), (7, 13), (1, 5), (1, 1)])
def test_output_is_probabilities(name, shape):
    probabilities = np.asarray(build(name, shape)(clips(3, *shape)))
    assert probabilities.shape == (3, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@by_encoder
def test_no_convolution_of_one_step_has_strides(name):
    """The gradient of one with less than 16 units in destroys memory where it is computed (oneDNN, issue 6035)."""
    convolutions = [layer for layer in build(name, (101, 40))._flatten_layers() if hasattr(layer, "kernel_size")]
    assert not [layer.name for layer in convolutions if max(layer.kernel_size) == 1 < max(layer.strides)]


@pytest.mark.parametrize(
    ("name", "normalization"), [*((name, "clip") for name in ENCODERS), ("cnn", "feature"), ("cnn", None)]
)
def test_padding_changes_nothing(name, normalization):
    """A clip alone and padded to 2, 5 and 10 times its length, of odd and of even length, gives the same."""
    network = build(name, (None, 8), normalization=normalization)
    for n_frames in (1, 2, 13, 14):
        X = clips(3, n_frames)
        expected = np.asarray(network(padded(X, n_frames)))
        for times in (2, 5, 10):
            for extra in (0, 1):
                got = np.asarray(network(padded(X, times * n_frames + extra)))
                np.testing.assert_allclose(got, expected, atol=1e-5, err_msg=f"{n_frames} frames x {times} + {extra}")


@by_encoder
def test_one_length_and_many_are_one_network(name):
    fixed, ragged = build(name, (30, 8)), build(name, (None, 8))
    assert [v.path for v in fixed.trainable_variables] == [v.path for v in ragged.trainable_variables]
    X = clips(3, 30)
    np.testing.assert_allclose(np.asarray(fixed(X)), np.asarray(ragged(padded(X, 70))), atol=1e-5)


@by_encoder
def test_padding_changes_nothing_in_onnx(name, tmp_path):
    network = build(name, (None, 8))
    X = clips(3, 30)
    expected = network.predict_on_batch(padded(X, 30))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of tf2onnx
        network.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    names = [value.name for value in session.get_inputs()]
    for n_frames in (30, 61, 150, 300):
        (got,) = session.run(None, dict(zip(names, padded(X, n_frames), strict=True)))
        np.testing.assert_allclose(got, expected, atol=1e-5)


@by_encoder
@pytest.mark.parametrize("n_frames", [20, None])
def test_network_is_saved_and_loaded_without_custom_objects(name, n_frames, tmp_path):
    network = build(name, (n_frames, 8))
    X = clips(2, 20) if n_frames else padded(clips(2, 20), 25)
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_allclose(np.asarray(loaded(X)), np.asarray(network(X)), atol=1e-6)


@pytest.mark.parametrize("name", ["SpeechCNN", "SpeechRNN", "SpeechCRNN", "SpeechTransformer"])
def test_classifier_has_the_defaults_of_its_encoder(name):
    classifier = getattr(sklspeech, name)()
    defaults = {p.name: p.default for p in list(inspect.signature(classifier._encoder).parameters.values())[2:]}
    recipe = {name: value for name, value in vars(networks.Recipe()).items() if name != "keep_ends"}
    defaults |= recipe | {"snr": "auto"}  # which the features decide
    assert {name: getattr(classifier, name) for name in defaults} == defaults


@pytest.mark.parametrize(
    "part",
    [
        {"speed": 0.0},
        {"vocal_tract": 0.0},
        {"shift": 0.0},
        {"gain": 6.0},
        {"snr": (5.0, 35.0)},
        {"masks": 2},
        {"floor": None},
    ],
    ids=str,
)
def test_every_part_of_the_recipe_changes_what_is_learned_from(part):
    """Layers are seeded by their names, so that nothing but the part differs; in prediction nothing does."""
    X = clips(5, 40)
    made = []
    for params in ({"floor": 5.0}, {"floor": 5.0} | part):
        network = networks.classifier((40, 8), 3, dropout=0.0, recipe=networks.Recipe(**params))
        networks.seed_weights(network, 0)
        made.append((np.asarray(network(X)), np.asarray(network(X, training=True))))
    (plain, plain_trained), (other, other_trained) = made
    np.testing.assert_array_equal(plain, other)
    assert not np.allclose(plain_trained, other_trained, atol=1e-4)


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
