"""The four classifiers on features of synthetic words: what scikit-learn's battery does not ask."""

import functools
import gc
import os
import pickle
import subprocess
import sys
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

from sklspeech import AudioLoader, MelFeatures, MFCCFeatures, SpeechCNN, SpeechCRNN, SpeechRNN, SpeechTransformer
from sklspeech.networks import encoders as networks
from sklspeech.networks import optimizers
from sklspeech.recognizers import estimator as _scikeras
from sklspeech.recognizers.estimator import _seeded_layers

SMALL = {"stem": (8,), "epochs": 2, "batch_size": 30, "random_state": 0}
CLASSIFIERS = [
    SpeechCNN(filters=(8, 8), **SMALL),
    SpeechRNN(units=8, n_layers=1, **SMALL),
    SpeechCRNN(units=8, **SMALL),
    SpeechTransformer(units=8, n_layers=1, **SMALL),
]
by_name = pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda classifier: type(classifier).__name__)


@pytest.fixture(scope="module")
def fitted(features, words):
    return SpeechCNN(filters=(8, 8), **SMALL).fit(features, words.target)


@pytest.mark.parametrize(
    "classifier",
    [SpeechCNN(filters=(16,)), SpeechRNN(units=16), SpeechCRNN(units=16), SpeechTransformer(units=16)],
    ids=lambda classifier: type(classifier).__name__,
)
def test_learns_words_of_other_speakers(features, words, classifier):
    heard = words.groups != "s03"
    classifier = clone(classifier).set_params(epochs=25, batch_size=8, random_state=0)
    classifier.fit(features[heard], words.target[heard])
    assert classifier.score(features[~heard], words.target[~heard]) >= 0.8


@by_name
def test_probabilities_do_not_depend_on_neighbours(features, words, classifier):
    classifier = clone(classifier).fit(features, words.target)
    together = classifier.predict_proba(features)
    assert together.shape == (60, 3)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    alone = np.concatenate([classifier.predict_proba(features[i : i + 1]) for i in range(10)])
    np.testing.assert_allclose(alone, together[:10], atol=1e-6)
    np.testing.assert_allclose(classifier.predict_proba(features[::-1]), together[::-1], atol=1e-6)
    np.testing.assert_array_equal(classifier.predict(features), classifier.classes_[together.argmax(axis=1)])


def test_training_keeps_no_clips(features, words):
    """TensorFlow would, for as long as the process lives."""
    clips = features.copy()
    kept = weakref.ref(clips)
    classifier = clone(CLASSIFIERS[0]).fit(clips, words.target)
    del clips
    gc.collect()
    assert kept() is None
    assert classifier.classes_.tolist() == ["no", "stop", "yes"]


def test_training_makes_no_dataset_from_a_generator(features, words, monkeypatch):
    """From the first one on every tensor of the process takes fresh pages."""
    monkeypatch.setattr(tf.data.Dataset, "from_generator", None)
    clone(CLASSIFIERS[0]).set_params(early_stopping=True, mixup=0.2).fit(features, words.target)


def test_nothing_is_tuned_while_training(features, words, monkeypatch):
    """On one core the end of every epoch would wait up to a second for the thread that tunes."""
    datasets = []
    fit = keras.Model.fit
    monkeypatch.setattr(keras.Model, "fit", lambda self, x, **kwargs: datasets.append(x) or fit(self, x, **kwargs))
    clone(CLASSIFIERS[0]).fit(features, words.target)
    assert [dataset.options().autotune.enabled for dataset in datasets] == [False]


@by_name
def test_prediction_equals_keras_predict(features, words, classifier):
    classifier = clone(classifier).fit(features, words.target)
    expected = classifier.model_.predict(features, verbose=0)
    np.testing.assert_allclose(classifier.predict_proba(features), expected, atol=1e-6)


@by_name
def test_same_seed_same_weights(features, words, classifier):
    first = clone(classifier).fit(features, words.target).model_.get_weights()
    second = clone(classifier).fit(features, words.target).model_.get_weights()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@by_name
def test_a_network_from_the_pool_learns_the_same(features, words, classifier):
    """The second fit gets the network of the first one, that of another seed in between included."""
    first = clone(classifier).fit(features, words.target).predict_proba(features)
    clone(classifier).set_params(random_state=1).fit(features, words.target)
    again = clone(classifier).fit(features, words.target)
    np.testing.assert_array_equal(first, again.predict_proba(features))


@pytest.mark.parametrize(
    "optimizer", ["adamw", functools.partial(keras.optimizers.SGD, momentum=0.9)], ids=["name", "partial"]
)
def test_a_network_is_lent_again(features, words, optimizer):
    classifier = SpeechCNN(filters=(5,), optimizer=optimizer, epochs=1)
    fitted = clone(classifier).fit(features, words.target)
    first = id(fitted._lease.model)
    del fitted
    assert id(clone(classifier).fit(features, words.target)._lease.model) == first


SAME_IN_ANOTHER_PROCESS = """
import hashlib, sys
import numpy as np
from sklspeech import SpeechCNN
X = np.random.default_rng(0).normal(size=(40, 30, 10)).astype("float32")
y = np.arange(40) % 4
network = SpeechCNN(filters=(8, 8), epochs=2, random_state=0).fit(X, y).model_
print(hashlib.sha256(b"".join(w.tobytes() for w in network.get_weights())).hexdigest())
"""


def test_same_seed_same_weights_in_another_process(capsys):
    n_threads = tf.config.threading.get_intra_op_parallelism_threads() or ""  # another number rounds in another way
    run = [sys.executable, "-c", SAME_IN_ANOTHER_PROCESS]
    env = os.environ | {"OMP_NUM_THREADS": str(n_threads)}
    there = subprocess.run(run, capture_output=True, text=True, check=True, env=env).stdout
    exec(SAME_IN_ANOTHER_PROCESS, {})
    assert capsys.readouterr().out == there


def test_a_kept_network_is_never_lent_again(features, words):
    classifier = SpeechCNN(filters=(8, 8), **SMALL).fit(features, words.target)
    kept = classifier.model_
    expected = kept.get_weights()
    del classifier
    SpeechCNN(filters=(8, 8), epochs=2, random_state=5).fit(features, words.target)
    for a, b in zip(kept.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_two_fitted_at_once_do_not_share(features, words):
    first = SpeechCNN(filters=(8, 8), **SMALL).fit(features, words.target)
    before = first.predict_proba(features)
    second = SpeechCNN(filters=(8, 8), epochs=2, random_state=1).fit(features, words.target)
    np.testing.assert_array_equal(first.predict_proba(features), before)
    assert not np.array_equal(second.predict_proba(features), before)


def test_random_state_instance_is_advanced(features, words):
    random = np.random.RandomState(0)
    classifier = SpeechCNN(filters=(8,), epochs=1, random_state=random)
    first = classifier.fit(features, words.target).predict_proba(features)
    assert not np.array_equal(classifier.fit(features, words.target).predict_proba(features), first)


def test_fit_leaves_global_random_state_alone(features, words):
    import random

    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    SpeechCNN(filters=(8,), **SMALL).fit(features, words.target)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


@pytest.mark.parametrize("labels", [np.array([3, 7, 11]), np.array(["a", "b", "c"]), np.array([True, False, True])])
def test_labels(features, words, labels):
    y = labels[np.unique(words.target, return_inverse=True)[1]]
    classifier = SpeechCNN(filters=(8,), **SMALL).fit(features, y)
    assert classifier.classes_.tolist() == sorted(set(y.tolist()))
    assert classifier.predict(features).dtype == y.dtype


def test_normalisation_is_part_of_the_network(features, words):
    classifier = SpeechCNN(filters=(8, 8), floor=None, **SMALL)  # a floor is in decibels
    loud = classifier.fit(features, words.target).predict_proba(features)
    quiet = classifier.fit(features * 0.5 + 32, words.target).predict_proba(features * 0.5 + 32)
    np.testing.assert_allclose(loud, quiet, atol=0.02)


def power(words):
    return np.maximum(10 ** (MelFeatures().fit_transform(words.data) / 10), 1e-4)


def images(words):
    mel = MelFeatures().fit_transform(words.data)
    lowest, highest = mel.min(axis=(1, 2), keepdims=True), mel.max(axis=(1, 2), keepdims=True)
    return np.round(255 * (mel - lowest) / (highest - lowest))


def with_silence(X):
    return np.concatenate([X[:-1], np.full_like(X[:1], X.min())])


def half_faint(words):
    waveforms = AudioLoader().fit_transform(words.data)
    return [waveform * np.float32(0.005 if i % 2 else 1) for i, waveform in enumerate(waveforms)]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda words: MelFeatures().fit_transform(words.data), 35.0),
        (lambda words: MelFeatures(top_db=80, normalization="clip").fit_transform(words.data), 35.0),
        (lambda words: MelFeatures().fit_transform(words.data).astype(np.float16), 35.0),
        (lambda words: MelFeatures().fit_transform(half_faint(words)), 35.0),
        (lambda words: with_silence(MelFeatures(top_db=None).fit_transform(words.data)), None),
        (lambda words: MelFeatures().fit_transform(words.data).mean(axis=1), None),
        (lambda words: with_silence(MFCCFeatures(duration=2.0).fit_transform(words.data)), None),
        (power, None),
        (images, None),
    ],
    ids=["mel", "80 dB", "float16", "half faint", "no floor", "one frame", "cepstra", "power", "images"],
)
def test_only_decibels_with_a_floor_get_others(words, make, expected):
    classifier = SpeechCNN(filters=(8,), **SMALL | {"epochs": 1}).fit(make(words), words.target)
    assert classifier.floor_ == expected


def test_bands_without_their_mean_get_no_floor(features, words):
    classifier = SpeechCNN(filters=(8,), normalization="feature", **SMALL | {"epochs": 1})
    assert classifier.fit(features, words.target).floor_ is None


def test_a_feature_that_never_changes(features, words):
    constant = features.copy()
    constant[..., 3] = -100.0
    assert np.isfinite(SpeechCNN(filters=(8,), **SMALL).fit(constant, words.target).predict_proba(constant)).all()


def test_plain_table(features, words):
    table = features.mean(axis=1)
    classifier = SpeechCNN(filters=(16,), kernel_size=1, epochs=40, batch_size=8, random_state=0)
    assert classifier.fit(table, words.target).score(table, words.target) > 0.9
    assert classifier.n_features_in_ == 40


def test_sample_weight_and_class_weight_count(words):
    X = np.random.default_rng(0).normal(size=(60, 20, 8)).astype(np.float32)  # nothing to learn but the weights
    base = SpeechCNN(stem=(), filters=(4,), epochs=15, batch_size=8, optimizer__learning_rate=0.01, random_state=0)
    only_no = np.where(words.target == "no", 1.0, 1e-3)
    assert (base.fit(X, words.target, sample_weight=only_no).predict(X) == "no").mean() > 0.9
    weighted = clone(base).set_params(class_weight={"no": 1.0, "yes": 1e-3, "stop": 1e-3})
    assert (weighted.fit(X, words.target).predict(X) == "no").mean() > 0.9
    np.testing.assert_array_equal(
        base.fit(X, words.target, sample_weight=np.full(60, 7.0)).predict_proba(X),
        base.fit(X, words.target).predict_proba(X),
    )


def test_early_stopping_looks_at_every_class(features, words):
    """Class-sorted clips: Keras's own split would validate on the last class alone."""
    order = np.argsort(words.target)
    classifier = SpeechCNN(
        filters=(8, 8),
        epochs=60,
        batch_size=8,
        early_stopping=True,
        validation_fraction=0.2,
        n_iter_no_change=8,
        optimizer__learning_rate=0.01,
        random_state=0,
    )
    classifier.fit(features[order], words.target[order])
    losses = classifier.history_["val_loss"]
    assert len(losses) < 60
    assert classifier.score(features, words.target) > 0.8
    y = np.repeat(np.eye(3), 20, axis=0)
    train, validation = classifier._split(y)
    assert y[validation].sum(axis=0).tolist() == [4, 4, 4]
    assert sorted([*train, *validation]) == list(range(60))


@pytest.mark.parametrize(
    ("y", "fraction", "message"),
    [
        (["a"] * 59 + ["b"], 0.1, r"2 clips or more of every class, got 1 of \['b'\]"),
        (["a", "b"] * 30, 0.99, "leaves 1 of 60"),
    ],
)
def test_early_stopping_without_enough_clips(features, y, fraction, message):
    classifier = SpeechCNN(filters=(8,), early_stopping=True, validation_fraction=fraction, **SMALL)
    with pytest.raises(ValueError, match=message):
        classifier.fit(features, y)


def test_warm_start_goes_on(features, words):
    classifier = SpeechCNN(filters=(8, 8), epochs=5, batch_size=8, warm_start=True, random_state=0)
    first = classifier.fit(features, words.target).history_["loss"]
    second = classifier.fit(features, words.target).history_["loss"]
    assert len(second) == 5
    assert second[0] < first[0]
    cold = classifier.set_params(warm_start=False).fit(features, words.target).history_["loss"]
    assert cold == first


def test_partial_fit(features, words):
    classifier = SpeechCNN(filters=(8, 8), batch_size=8, random_state=0)
    only_no = words.target == "no"
    classifier.partial_fit(features[only_no], words.target[only_no], classes=["no", "stop", "yes"])
    assert classifier.classes_.tolist() == ["no", "stop", "yes"]
    for _ in range(14):
        classifier.partial_fit(features, words.target)
    assert len(classifier.history_["loss"]) == 15
    assert classifier.score(features, words.target) > 0.8
    with pytest.raises(ValueError, match=r"labels \['maybe'\] that are not among classes"):
        classifier.partial_fit(features[:1], ["maybe"])


class Count(keras.callbacks.Callback):
    seen: list = []  # noqa: RUF012

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(epoch)


@pytest.mark.parametrize("callback", [Count, Count()], ids=["class", "instance"])
def test_keras_callbacks(features, words, callback):
    Count.seen.clear()
    classifier = SpeechCNN(filters=(8,), callbacks=[callback], **SMALL).fit(features, words.target)
    assert Count.seen == [0, 1]
    assert clone(classifier).fit(features, words.target)
    if isinstance(callback, Count):
        assert callback.model is None
    with pytest.raises(TypeError, match="must be Keras callbacks"):
        SpeechCNN(callbacks=[print]).fit(features, words.target)


def test_scikit_learn_callbacks(features, words):
    monitor = ScoringMonitor(scoring="accuracy")
    classifier = SpeechCNN(filters=(8,), **SMALL).set_callbacks(monitor).fit(features, words.target)
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 2
    assert scores[-1] == classifier.score(features, words.target)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"optimizer__learning_rate": 0.01}, (optimizers.AdamW, 0.01)),
        ({"optimizer": "AdamW"}, (optimizers.AdamW, 0.002)),
        ({"optimizer": "sgd", "optimizer__learning_rate": 0.1}, (keras.optimizers.SGD, 0.1)),
        ({"optimizer": keras.optimizers.Nadam}, (keras.optimizers.Nadam, 0.002)),
        ({"optimizer": functools.partial(keras.optimizers.SGD, momentum=0.9)}, (keras.optimizers.SGD, 0.002)),
    ],
    ids=str,
)
def test_optimizer(features, words, params, expected):
    classifier = SpeechCNN(filters=(8,), learning_rate_schedule="constant", **SMALL).set_params(**params)
    optimizer = clone(classifier).fit(features, words.target).model_.optimizer
    assert type(optimizer) is expected[0]
    assert float(optimizer.learning_rate) == pytest.approx(expected[1])


class Rates(keras.callbacks.Callback):
    seen: list = []  # noqa: RUF012

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


def test_learning_rate_rises_and_falls(features, words):
    Rates.seen.clear()
    SpeechCNN(filters=(8,), epochs=10, batch_size=10, callbacks=[Rates]).fit(features, words.target)
    assert len(Rates.seen) == 60
    assert int(np.argmax(Rates.seen)) == 6  # a tenth of the steps
    assert max(Rates.seen) == pytest.approx(0.002, rel=0.01)
    assert 0 < Rates.seen[-1] < 1e-5
    assert 0 < Rates.seen[0] < 4e-4


@pytest.mark.parametrize(
    "params",
    [{"model__typo": 1}, {"optimizer__typo": 1}, {"typo": 1}, {"fit__epochs": 1}],
    ids=str,
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


@pytest.mark.parametrize(("n_clips", "expected"), [(1, 8), (100, 8), (400, 25), (512, 32), (5000, 32)])
def test_small_sets_get_small_batches(n_clips, expected):
    assert SpeechCNN()._clips_a_step(n_clips) == expected
    assert SpeechCNN(batch_size=64)._clips_a_step(n_clips) == 64


@pytest.mark.parametrize(
    ("n_clips", "expected"),
    [(1, 300), (80, 300), (100, 240), (400, 187), (1000, 96), (3600, 60), (5000, 43), (10**5, 30)],
)
def test_small_sets_are_passed_more_often_and_large_ones_less(n_clips, expected):
    assert SpeechCNN()._count_epochs(n_clips) == expected
    assert SpeechCNN(batch_size=256)._count_epochs(n_clips) == expected
    assert SpeechCNN(epochs=7)._count_epochs(n_clips) == 7


def test_epochs_are_counted_by_the_clips(features, words, monkeypatch):
    monkeypatch.setattr(_scikeras, "_EPOCHS", (1, 2, 20))
    monkeypatch.setattr(_scikeras, "_STEPS", 40)
    classifier = SpeechCNN(filters=(8, 8), **SMALL).set_params(epochs="auto").fit(features, words.target)
    assert len(classifier.history_["loss"]) == 5  # 40 steps of 8 clips pass 60 clips five times
    assert len(classifier.partial_fit(features, words.target).history_["loss"]) == 6


def test_a_failed_fit_is_no_fit(features, words):
    classifier = SpeechCNN(early_stopping=True, **SMALL)
    with pytest.raises(ValueError, match="2 clips or more"):
        classifier.fit(features, ["a"] * 59 + ["b"])
    with pytest.raises(NotFittedError):
        classifier.predict(features)


def test_one_step_trains(features, words):
    classifier = SpeechCNN(filters=(8,), epochs=1, batch_size=60, random_state=0).fit(features, words.target)
    kernels = [w for w in classifier.model_.get_weights() if w.ndim > 1]
    with _seeded_layers(classifier._random_state):
        new = networks.cnn(features.shape[1:], 3, filters=(8,)).get_weights()
    assert not np.array_equal(kernels[0], next(w for w in new if w.ndim > 1))


def test_classes_of_partial_fit_do_not_reach_fit(features, words):
    classifier = SpeechCNN(filters=(8,), **SMALL)
    for _ in range(2):
        classifier.partial_fit(features, words.target, classes=["no", "stop", "yes", "other"])
    assert classifier.classes_.tolist() == ["no", "other", "stop", "yes"]
    assert classifier.fit(features, words.target).classes_.tolist() == ["no", "stop", "yes"]


def test_numpy_numbers_are_numbers(features, words):
    plain = SpeechCNN(filters=(8, 8), kernel_size=3, dropout=0.5, epochs=1, random_state=0)
    numpys = clone(plain).set_params(filters=list(np.array([8, 8])), kernel_size=np.int64(3), dropout=np.float32(0.5))
    expected = plain.fit(features, words.target).predict_proba(features)
    np.testing.assert_array_equal(numpys.fit(features, words.target).predict_proba(features), expected)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (lambda f: [clip[: 20 + i] for i, clip in enumerate(f)], "clips of one length"),
        (lambda f: f[..., None], "shape"),
        (lambda f: np.where(f > -60, np.nan, f), "NaN"),
        (lambda f: f[:0], "0 sample"),
        (lambda f: f[:59], "inconsistent numbers"),
    ],
    ids=["ragged", "4-D", "NaN", "empty", "short"],
)
def test_wrong_features(features, words, X, message):
    with pytest.raises(ValueError, match=message):
        SpeechCNN(**SMALL).fit(X(features), words.target)


def test_wrong_features_after_fit(fitted, features):
    with pytest.raises(ValueError, match="30 frames and 40 features, but SpeechCNN is expecting"):
        fitted.predict(features[:, :30])


def test_pickle_is_lean_and_exact(fitted, features):
    data = pickle.dumps(fitted)
    n_bytes = sum(weights.nbytes for weights in fitted.model_.get_weights())
    assert len(data) < n_bytes + 10_000  # an optimizer would double it
    loaded = pickle.loads(data)
    np.testing.assert_array_equal(loaded.predict_proba(features), fitted.predict_proba(features))
    assert loaded.history_ == fitted.history_
    assert pickle.dumps(loaded) == pickle.dumps(pickle.loads(data))


def test_loaded_classifier_can_be_trained_on(fitted, features, words):
    loaded = pickle.loads(pickle.dumps(fitted))
    loaded.partial_fit(features, words.target)
    assert len(loaded.history_["loss"]) == len(fitted.history_["loss"]) + 1


def test_changed_parameters_do_not_break_a_fitted_classifier(fitted, features):
    changed = pickle.loads(pickle.dumps(fitted)).set_params(filters=(4,))
    again = pickle.loads(pickle.dumps(changed))
    np.testing.assert_array_equal(again.predict_proba(features), fitted.predict_proba(features))


def test_prediction_does_not_go_through_keras_predict(fitted, features, monkeypatch):
    monkeypatch.setattr(keras.Model, "predict", None)
    assert len(fitted.predict(features[:1])) == 1


def test_integer_cv_is_stratified(features, words):
    order = np.argsort(words.target)
    classifier = SpeechCNN(filters=(8, 8), epochs=15, batch_size=8, random_state=0)
    assert cross_val_score(classifier, features[order], words.target[order], cv=3).min() > 0.5


@pytest.mark.parametrize(
    "params",
    [
        {"speed": 0.0, "vocal_tract": 0.0, "shift": 0.0},
        {"gain": 6.0},
        {"noise": 5.0},
        {"floor": None},
        {"mixup": 0.3},
        {"masks": 0},
        {"ema_momentum": 0.9},
        {"normalization": None},
        {"normalization": "feature"},
        {"stem": ()},
    ],
    ids=str,
)
def test_every_part_of_the_recipe_counts_and_is_seeded(features, words, fitted, params):
    def probabilities():
        return SpeechCNN(filters=(8, 8), **SMALL | params).fit(features, words.target).predict_proba(features)

    first = probabilities()
    np.testing.assert_array_equal(probabilities(), first)
    assert not np.allclose(fitted.predict_proba(features), first, atol=1e-4)


@pytest.mark.parametrize("normalization", ["clip", "feature"])
def test_the_level_of_a_clip_does_not_count(features, words, normalization):
    classifier = SpeechCNN(filters=(8, 8), normalization=normalization, **SMALL).fit(features, words.target)
    louder = features + np.linspace(-20, 20, 60, dtype=np.float32)[:, None, None]
    np.testing.assert_allclose(classifier.predict_proba(louder), classifier.predict_proba(features), atol=1e-4)


def test_averaged_weights_are_kept(features, words):
    last, average = (
        SpeechCNN(filters=(8,), ema_momentum=momentum, epochs=3, random_state=0).fit(features, words.target).model_
        for momentum in (None, 0.999)
    )
    moved = [np.abs(model.get_layer("probabilities").kernel.numpy()).sum() for model in (last, average)]
    assert moved[1] != pytest.approx(moved[0], rel=1e-3)


def test_early_stopping_by_unseen_groups(features, words):
    y = np.repeat(np.eye(3), 20, axis=0)
    classifier = SpeechCNN(filters=(8,), early_stopping=True, epochs=1, random_state=0)
    classifier.fit(features, words.target, groups=words.groups)
    train, validation = classifier._split(y[np.argsort(np.argsort(words.target))], words.groups)
    assert not set(words.groups[train]) & set(words.groups[validation])
    assert len(train) + len(validation) == 60
    with pytest.raises(ValueError, match="2 groups or more, got \\['one'\\]"):
        classifier.fit(features, words.target, groups=["one"] * 60)
    with pytest.raises(ValueError, match="leave clips of all 3 classes"):
        classifier.fit(features, words.target, groups=words.target)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        classifier.fit(features, words.target, groups=words.groups[:5])


def test_groups_are_routed_through_a_search(words):
    import sklearn
    from sklearn.model_selection import GridSearchCV, GroupKFold

    from sklspeech import MelFeatures, Pipeline

    with sklearn.config_context(enable_metadata_routing=True):
        classifier = SpeechCNN(filters=(8,), early_stopping=True, **SMALL).set_fit_request(groups=True)
        search = GridSearchCV(Pipeline([MelFeatures(), classifier]), {"speechcnn__dropout": [0.1]}, cv=GroupKFold(2))
        search.fit(words.data, words.target, groups=words.groups)
    assert "val_loss" in search.best_estimator_[-1].history_
