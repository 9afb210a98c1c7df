"""Parameters of the classifiers: what they reach, and what is refused."""

import functools

import keras
import numpy as np
import pytest
from sklearn.base import clone

from sklspeech import MelFeatures, Pipeline, SpeechCNN, SpeechCRNN, SpeechTransformer

SMALL = {"stem": (8,), "epochs": 2, "batch_size": 30, "random_state": 0}
cnn = SpeechCNN(filters=(8,), **SMALL)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"learning_rate": 0.01}, (keras.optimizers.AdamW, 0.01)),
        ({"optimizer": "AdamW"}, (keras.optimizers.AdamW, 0.006)),
        ({"optimizer": "sgd", "learning_rate": 0.1}, (keras.optimizers.SGD, 0.1)),
        ({"optimizer": keras.optimizers.Nadam}, (keras.optimizers.Nadam, 0.006)),
        ({"optimizer": functools.partial(keras.optimizers.SGD, momentum=0.9)}, (keras.optimizers.SGD, 0.006)),
    ],
    ids=str,
)
def test_optimizer(features, words, params, expected):
    classifier = clone(cnn).set_params(weight_decay=0.01, **params)
    optimizer = classifier.initialize(features, words.target).network.optimizer
    assert type(optimizer) is expected[0]
    assert float(optimizer.learning_rate) == pytest.approx(expected[1])
    assert optimizer.weight_decay == 0.01
    decays = {v.name: optimizer._use_weight_decay(v) for v in classifier.network.trainable_variables}
    assert decays == {"kernel": True, "gamma": False, "beta": False, "bias": False}


@pytest.mark.parametrize(("old", "new"), [("learning_rate", "learning_rate"), ("weight_decay", "weight_decay")])
def test_old_names_of_parameters_name_the_new_ones(old, new):
    message = f"optimizer__{old} has been named {new} since 0.2"
    with pytest.raises(ValueError, match=message):
        SpeechCNN(**{f"optimizer__{old}": 0.1})
    with pytest.raises(ValueError, match=message):
        Pipeline([MelFeatures(), SpeechCNN()]).set_params(**{f"speechcnn__optimizer__{old}": 0.1})


@pytest.mark.parametrize(
    "params", [{"model__typo": 1}, {"optimizer__typo": 1}, {"typo": 1}, {"fit__epochs": 1}], ids=str
)
def test_set_params_is_strict(params):
    with pytest.raises(ValueError, match=f"Invalid parameter '{next(iter(params))}'"):
        SpeechCNN().set_params(**params)


@pytest.mark.parametrize(
    ("classifier", "message"),
    [
        (SpeechCNN(epochs=0), "'epochs' parameter"),
        (SpeechCNN(dropout=1.0), "'dropout' parameter"),
        (SpeechCNN(filters=8), "'filters' parameter"),
        (SpeechCNN(filters=()), "filters must be 1 or more positive integers"),
        (SpeechCNN(filters=(8.0, 8.0)), "filters must be 1 or more positive integers"),
        (SpeechCNN(filters=(8, "a")), "filters must be 1 or more positive integers"),
        (SpeechCNN(stem=(0,)), "stem must be 0 or more positive integers"),
        (SpeechCRNN(stem=()), "stem must be 1 or more positive integers"),
        (SpeechCNN(normalization="mean"), "'normalization' parameter"),
        (SpeechCNN(mixup=-1), "'mixup' parameter"),
        (SpeechCNN(floor=-1), "'floor' parameter"),
        (SpeechCNN(floor="clip"), "'floor' parameter"),
        (SpeechCNN(ema_momentum=1.0), "'ema_momentum' parameter"),
        (SpeechCNN(ema_momentum=0.9, early_stopping=True), "use one of them"),
        (SpeechCNN(kernel_size=0), "'kernel_size' parameter"),
        (SpeechCNN(optimizer=3), "'optimizer' parameter"),
        (SpeechCNN(optimizer="adamww"), "adamww"),
        (SpeechCNN(learning_rate=0), "'learning_rate' parameter"),
        (SpeechCNN(label_smoothing=-1), "'label_smoothing' parameter"),
        (SpeechCNN(class_weight="equal"), "'class_weight' parameter"),
        (SpeechCNN(class_weight={"yes": 0, "no": 0, "stop": 0}), "no clip has a weight"),
        (SpeechTransformer(units=10, n_heads=4), "multiple of n_heads, got 10 and 4"),
    ],
    ids=str,
)
def test_wrong_parameter(features, words, classifier, message):
    with pytest.raises(ValueError, match=message):
        classifier.fit(features, words.target)


def test_numpy_numbers_are_numbers(features, words):
    plain = clone(cnn).set_params(filters=(8, 8), kernel_size=3, dropout=0.5, epochs=1)
    numpys = clone(plain).set_params(filters=list(np.array([8, 8])), kernel_size=np.int64(3), dropout=np.float32(0.5))
    expected = plain.fit(features, words.target).predict_proba(features)
    np.testing.assert_array_equal(numpys.fit(features, words.target).predict_proba(features), expected)


def test_recipe_of_the_parameters_is_that_of_the_network(features, words):
    params = {"snr": (5.0, 35.0), "gain": 6.0, "masks": 2, "speed": 0.3, "vocal_tract": 0.2, "shift": 0.05}
    network = (
        clone(cnn).set_params(**params, floor=30.0, normalization="feature").initialize(features, words.target).network
    )
    assert network.get_layer("gain").gain == 6.0
    assert network.get_layer("noise").snr == (5.0, 35.0)
    assert network.get_layer("spec_augment").time_masks == network.get_layer("spec_augment").feature_masks == 2
    warp = network.get_layer("warp")
    assert (warp.speed, warp.frequency, warp.shift) == (0.3, 0.2, 0.05)
    assert network.get_layer("floor").depth == 30.0
    assert network.get_layer("level").normalization == "feature"


@pytest.mark.parametrize(("network", "dropout"), [(SpeechCNN, 0.1), (SpeechTransformer, 0.1)])
def test_help_says_the_default(network, dropout):
    assert f"dropout : float, default={dropout}" in network.__doc__
    assert network().dropout == dropout
