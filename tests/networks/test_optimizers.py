import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from sklspeech.networks.optimizers import AdamW

STEPS = 5


def train(optimizer, policy="float32", **params):
    """Weights after some steps, embedding (sparse gradients) among them."""
    keras.utils.set_random_seed(0)
    tokens = keras.Input((4,), dtype="int32")
    x = keras.layers.Embedding(6, 3, dtype=policy)(tokens)
    x = keras.layers.Dense(2, dtype=policy)(keras.layers.Flatten()(x))
    model = keras.Model(tokens, x)
    optimizer = optimizer(learning_rate=0.1, weight_decay=0.05, **params)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, "mse")
    random = np.random.default_rng(0)
    X, y = random.integers(0, 6, size=(8 * STEPS, 4)), random.normal(size=(8 * STEPS, 2))
    model.fit(X, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    return model


@pytest.fixture
def updated(monkeypatch):
    """Shapes of the variables that were updated by the kernel."""
    shapes = []
    kernel = tf.raw_ops.ResourceApplyAdam

    def spy(**kwargs):
        shapes.append(tuple(kwargs["grad"].shape))
        return kernel(**kwargs)

    monkeypatch.setattr(tf.raw_ops, "ResourceApplyAdam", spy)
    return shapes


DENSE = {(12, 2), (2,)}  # the embedding has sparse gradients


@pytest.mark.parametrize(
    ("policy", "params", "by_kernel"),
    [
        ("float32", {"beta_1": 0.5, "use_ema": True, "clipnorm": 0.1}, DENSE),
        ("float32", {"gradient_accumulation_steps": 2}, DENSE | {(6, 3)}),
        ("float32", {"amsgrad": True}, set()),
        ("float64", {}, set()),
        ("mixed_bfloat16", {}, DENSE),
    ],
    ids=str,
)
def test_equals_keras(policy, params, by_kernel, updated):
    ours, kerass = (train(optimizer, policy, **params) for optimizer in (AdamW, keras.optimizers.AdamW))
    assert set(updated) == by_kernel
    # Where what was rounded to 8 bits falls to the other side, a gradient differs by 1 %; a step is 0.1.
    tolerance = {"rtol": 1e-2, "atol": 1e-3} if policy == "mixed_bfloat16" else {"rtol": 1e-4, "atol": 1e-5}
    for a, b in zip(ours.optimizer.variables, kerass.optimizer.variables, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), **tolerance, err_msg=a.path)
    for a, b in zip(ours.get_weights(), kerass.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


def test_saved_and_loaded(tmp_path):
    model = train(AdamW)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").optimizer
    assert type(loaded) is AdamW
    for a, b in zip(loaded.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_networks_register_it(tmp_path):
    """A network that was saved with its optimizer loads where the networks alone have been imported."""
    train(AdamW).save(tmp_path / "model.keras")
    code = f"import keras, sklspeech.networks; keras.models.load_model({str(tmp_path / 'model.keras')!r})"
    subprocess.run([sys.executable, "-c", code], check=True)
