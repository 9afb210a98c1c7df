"""The four classifiers on features of synthetic words: what scikit-learn's battery does not ask."""

import gc
import inspect
import pickle
import subprocess
import sys
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

from sklspeech import MelFeatures, SpeechCNN, SpeechCRNN, SpeechRNN, SpeechTransformer
from sklspeech.networks import layers
from sklspeech.recognizers import auto, base

SMALL = {"stem": (8,), "epochs": 2, "batch_size": 30, "random_state": 0}
cnn = SpeechCNN(filters=(8,), **SMALL)
CLASSIFIERS = [
    SpeechCNN(filters=(16,), random_state=0),
    SpeechRNN(units=16, n_layers=1, random_state=0),
    SpeechCRNN(units=16, random_state=0),
    SpeechTransformer(units=16, n_layers=1, random_state=0),
]


@pytest.fixture(scope="module")
def fitted(features, words):
    return clone(cnn).fit(features, words.target)


@pytest.fixture(scope="module")
def ragged(words):
    """Features of clips that keep their length, half of them followed by silence of the room."""
    clips = MelFeatures(duration=None).fit_transform(words.data)
    return [np.concatenate([clip, clip[-5:], clip[-5:]]) if i % 2 else clip for i, clip in enumerate(clips)]


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda classifier: type(classifier).__name__)
@pytest.mark.parametrize("length", ["one", "own"])
def test_learns_words_of_other_speakers(request, words, classifier, length):
    """And predicts a clip as it is, whatever comes with it; the same seed trains the same network."""
    X = np.array(request.getfixturevalue("features" if length == "one" else "ragged"), dtype=object)
    X = [x.astype(np.float32) for x in X] if length == "own" else X.astype(np.float32)
    heard = words.groups != "s03"
    train, test = ([x for x, kept in zip(X, some, strict=True) if kept] for some in (heard, ~heard))
    train, test = (np.stack(part) if length == "one" else part for part in (train, test))
    classifier = clone(classifier).set_params(epochs=25, batch_size=8).fit(train, words.target[heard])
    assert classifier.score(test, words.target[~heard]) >= 0.8
    together = classifier.predict_proba(test)
    assert together.shape == (15, 3)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(classifier.predict(test), classifier.classes_[together.argmax(axis=1)])
    alone = np.concatenate([classifier.predict_proba(test[i : i + 1]) for i in range(len(test))])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    np.testing.assert_allclose(classifier.predict_proba(test[::-1]), together[::-1], atol=1e-5)
    loaded = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(loaded.predict_proba(test), together)
    few, classifier = clone(classifier).set_params(epochs=2), None  # whose network, traced already, is lent to it
    gc.collect()
    first, second = (clone(few).fit(train, words.target[heard]).network.get_weights() for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_clips_of_any_length_are_predicted(ragged, words):
    classifier = clone(cnn).fit(ragged, words.target)
    assert classifier.input_shape_ == (None, 40)
    expected = classifier.predict_proba(ragged)
    for n_frames in (30, 200, 600):
        long = [np.concatenate([clip, np.repeat(clip[-1:], n_frames, axis=0)]) for clip in ragged[:3]]
        np.testing.assert_allclose(classifier.predict_proba([*ragged, *long])[:60], expected, atol=1e-5)
    array = np.stack([clip[:20] for clip in ragged])
    np.testing.assert_allclose(classifier.predict_proba(array), classifier.predict_proba(list(array)), atol=1e-6)


def test_a_bounded_number_of_traces(words, monkeypatch):
    """A layer is called in Python only while the network is built or traced."""
    calls = []
    call = layers.Standardize.call
    monkeypatch.setattr(layers.Standardize, "call", lambda self, inputs: [calls.append(1), call(self, inputs)][1])
    random = np.random.default_rng(0)
    clips = [random.normal(size=(n, 40)).astype(np.float32) for n in random.integers(5, 400, 60)]
    classifier = clone(cnn).set_params(batch_size=3, early_stopping=True).initialize(clips, words.target)
    calls.clear()
    classifier.set_params(warm_start=True).fit(clips, words.target)
    assert len(calls) <= 4  # of training and validation, for 20 batches of different lengths
    calls.clear()
    for i in range(1, 60):
        classifier.predict(clips[:i])
    assert len(calls) <= 4


def test_clips_of_other_lengths_are_refused_where_one_was_learned(fitted, features):
    with pytest.raises(ValueError, match="30 frames and 40 features, but SpeechCNN is expecting"):
        fitted.predict(features[:, :30])
    with pytest.raises(ValueError, match=r"clips of 20, 21, 22, 23, 24 frames and 40 features"):
        fitted.predict([clip[: 20 + i] for i, clip in enumerate(features)])
    np.testing.assert_array_equal(fitted.predict_proba(list(features)), fitted.predict_proba(features))


def test_training_keeps_no_clips(features, words):
    """TensorFlow would, for as long as the process lives."""
    clips = features.copy()
    kept = weakref.ref(clips)
    classifier = clone(cnn).fit(clips, words.target)
    del clips
    gc.collect()
    assert kept() is None
    assert classifier.classes_.tolist() == ["no", "stop", "yes"]


def test_training_makes_no_dataset_from_a_generator(features, words, monkeypatch):
    """From the first one on every tensor of the process takes fresh pages."""
    monkeypatch.setattr(tf.data.Dataset, "from_generator", None)
    clone(cnn).set_params(early_stopping=True, mixup=0.2).fit(features, words.target)


def test_nothing_is_tuned_while_training(features, words, monkeypatch):
    """On one core the end of every epoch would wait up to a second for the thread that tunes."""
    datasets = []
    fit = keras.Model.fit
    monkeypatch.setattr(keras.Model, "fit", lambda self, x, **kwargs: datasets.append(x) or fit(self, x, **kwargs))
    clone(cnn).fit(features, words.target)
    assert [dataset.options().autotune.enabled for dataset in datasets] == [False]


def test_prediction_equals_that_of_keras(fitted, features, monkeypatch):
    expected = fitted.network.predict(features, verbose=0)
    monkeypatch.setattr(keras.Model, "predict", None)  # which takes 40 ms to set up
    np.testing.assert_allclose(fitted.predict_proba(features), expected, atol=1e-6)


def digest_of_weights():
    import hashlib

    import numpy as np

    from sklspeech import SpeechCNN

    X = np.random.default_rng(0).normal(size=(40, 30, 10)).astype("float32")
    network = SpeechCNN(filters=(8, 8), epochs=2, random_state=0).fit(X, np.arange(40) % 4).network
    return hashlib.sha256(b"".join(weights.tobytes() for weights in network.get_weights())).hexdigest()


def test_same_seed_same_weights_in_another_process():
    code = f"{inspect.getsource(digest_of_weights)}print(digest_of_weights())"
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert there.strip() == digest_of_weights()


def test_random_state_instance_is_advanced(features, words):
    classifier = clone(cnn).set_params(random_state=np.random.RandomState(0))
    first = classifier.fit(features, words.target).predict_proba(features)
    assert not np.array_equal(classifier.fit(features, words.target).predict_proba(features), first)


def test_fit_leaves_global_random_state_alone(features, words):
    import random

    def draw():
        return random.random(), np.random.random()  # noqa: NPY002

    def seed():
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002

    seed()
    expected = draw()
    seed()
    clone(cnn).fit(features, words.target)
    assert draw() == expected


@pytest.mark.parametrize("labels", [np.array([3, 7, 11]), np.array(["a", "b", "c"]), np.array([True, False, True])])
def test_labels(features, words, labels):
    y = labels[np.unique(words.target, return_inverse=True)[1]]
    classifier = clone(cnn).fit(features, y)
    assert classifier.classes_.tolist() == sorted(set(y.tolist()))
    assert classifier.predict(features).dtype == y.dtype


def test_normalisation_is_part_of_the_network(features, words):
    classifier = clone(cnn).set_params(floor=None)  # a floor is in decibels
    loud = classifier.fit(features, words.target).predict_proba(features)
    quiet = classifier.fit(features * 0.5 + 32, words.target).predict_proba(features * 0.5 + 32)
    np.testing.assert_allclose(loud, quiet, atol=0.02)


@pytest.mark.parametrize("normalization", ["clip", "feature"])
@pytest.mark.parametrize("length", ["features", "ragged"])
def test_the_level_of_a_clip_does_not_count(request, words, normalization, length):
    X = request.getfixturevalue(length)
    classifier = clone(cnn).set_params(normalization=normalization).fit(X, words.target)
    louder = [clip + np.float32(gain) for clip, gain in zip(X, np.linspace(-20, 20, 60), strict=True)]
    louder = np.stack(louder) if length == "features" else louder
    np.testing.assert_allclose(classifier.predict_proba(louder), classifier.predict_proba(X), atol=1e-4)


def test_a_feature_that_never_changes(features, words):
    constant = features.copy()
    constant[..., 3] = -100.0
    assert np.isfinite(clone(cnn).fit(constant, words.target).predict_proba(constant)).all()


def test_plain_table(features, words):
    table = features.mean(axis=1)
    classifier = SpeechCNN(filters=(16,), kernel_size=1, epochs=40, batch_size=8, random_state=0)
    assert classifier.fit(table, words.target).score(table, words.target) > 0.9
    assert classifier.n_features_in_ == 40


def test_initialize_makes_a_network_that_is_not_trained(features, words):
    classifier = clone(cnn).set_params(warm_start=True)
    assert not classifier.initialized_
    assert classifier.initialize(features, words.target).initialized_
    with pytest.raises(NotFittedError):
        classifier.predict(features)
    expected = clone(cnn).fit(features, words.target).predict_proba(features)
    np.testing.assert_array_equal(classifier.fit(features, words.target).predict_proba(features), expected)


def test_epochs_are_counted_by_the_clips(features, words, monkeypatch):
    for name, value in {"MIN_EPOCHS": 1, "MAX_EPOCHS": 20, "MIN_STEPS": 40}.items():
        monkeypatch.setattr(auto, name, value)
    classifier = clone(cnn).set_params(epochs="auto").fit(features, words.target)
    assert len(classifier.history_["loss"]) == 5  # 40 steps of 8 clips pass 60 clips five times
    assert len(classifier.partial_fit(features, words.target).history_["loss"]) == 6


def test_a_failed_fit_is_no_fit(features, words):
    classifier = clone(cnn).set_params(early_stopping=True)
    with pytest.raises(ValueError, match="2 clips or more"):
        classifier.fit(features, ["a"] * 59 + ["b"])
    with pytest.raises(NotFittedError):
        classifier.predict(features)


def test_one_step_trains(features, words):
    classifier = clone(cnn).set_params(epochs=1, batch_size=60)
    before = classifier.initialize(features, words.target).network.trainable_variables
    before = [variable.numpy() for variable in before]
    after = classifier.fit(features, words.target).network.trainable_variables
    for old, new in zip(before, after, strict=True):
        assert not np.array_equal(old, new.numpy()), new.path


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (lambda f: f[..., None], "shape"),
        (lambda f: np.where(f > -60, np.nan, f), "NaN"),
        (lambda f: [np.where(clip > -60, np.nan, clip) for clip in f], "clip 0 of X contains NaN"),
        (lambda f: [clip[:, : 20 + i // 30] for i, clip in enumerate(f)], "differ in n_features"),
        (lambda f: f[:0], "0 sample|inconsistent numbers"),
        (lambda f: f[:59], "inconsistent numbers"),
    ],
    ids=["4-D", "NaN", "NaN in a clip", "widths", "empty", "short"],
)
def test_wrong_features(features, words, X, message):
    with pytest.raises(ValueError, match=message):
        clone(cnn).fit(X(features), words.target)


def test_pickle_is_lean_and_exact(fitted, features):
    data = pickle.dumps(fitted)
    n_bytes = sum(weights.nbytes for weights in fitted.network.get_weights())
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
    changed = pickle.loads(pickle.dumps(fitted)).set_params(filters=(4,), dropout=0.9, speed=0.0)
    again = pickle.loads(pickle.dumps(changed))
    np.testing.assert_array_equal(again.predict_proba(features), fitted.predict_proba(features))


def test_integer_cv_is_stratified(features, words):
    order = np.argsort(words.target)
    classifier = clone(cnn).set_params(epochs=15, batch_size=8)
    assert cross_val_score(classifier, features[order], words.target[order], cv=3).min() > 0.5


def test_averaged_weights_are_kept(features, words, monkeypatch):
    """The mean of the weights of all steps, not those of the last one."""
    monkeypatch.setattr(base, "STEPS_AT_ONCE", 1)  # so that Keras shows every step
    steps = []

    class Keep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            steps.append(self.model.get_layer("probabilities").kernel.numpy())

    classifier = clone(cnn).set_params(ema_momentum=0.87, callbacks=[Keep], epochs=3).fit(features, words.target)
    average = steps[0]
    for kernel in steps[1:]:
        average = 0.87 * average + 0.13 * kernel
    kept = classifier.network.get_layer("probabilities").kernel.numpy()
    assert np.abs(kept - average).max() < 0.3 * np.abs(kept - steps[-1]).max()
