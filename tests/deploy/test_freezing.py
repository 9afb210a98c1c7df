"""freeze and export: what is deployed gives what the original gives, or is refused."""

import pickle

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline as SklearnPipeline
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from small import NETWORKS, network

from sklspeech import (
    AudioError,
    AudioLoader,
    AugmentedClassifier,
    DeployError,
    FrameStatistics,
    FrozenClassifier,
    FrozenError,
    FrozenPipeline,
    MelFeatures,
    MFCCFeatures,
    Pipeline,
    SpeechCNN,
    freeze,
    load,
    save,
)
from sklspeech.frozen import pipeline as frozen_pipeline


@pytest.fixture(scope="module")
def pipeline(words):
    return Pipeline([MelFeatures(), network]).fit(words.data, words.target)


@pytest.fixture(scope="module")
def pickled(pipeline):
    return pickle.dumps(freeze(pipeline))


@pytest.fixture
def frozen(pickled):
    """One for every test to change."""
    return pickle.loads(pickled)


@pytest.mark.parametrize("classifier", NETWORKS, ids=lambda classifier: type(classifier).__name__)
def test_frozen_pipeline_is_the_same_pipeline(words, classifier, tmp_path):
    fitted = Pipeline([MelFeatures(), ("network", clone(classifier))]).fit(words.data, words.target)
    frozen = freeze(fitted, words.data)
    assert list(frozen.named_steps) == ["melfeatures", "network"]
    assert isinstance(frozen[-1], FrozenClassifier)
    np.testing.assert_allclose(frozen.predict_proba(words.data), fitted.predict_proba(words.data), atol=1e-5)
    np.testing.assert_array_equal(frozen.predict(words.data), fitted.predict(words.data))
    np.testing.assert_array_equal(frozen.classes_, fitted.classes_)
    assert frozen.score(words.data, words.target) == fitted.score(words.data, words.target)
    assert frozen[-1].n_features_in_ == 40
    alone = frozen.predict_proba(words.data[:1])
    np.testing.assert_allclose(alone, frozen.predict_proba(words.data)[:1], atol=1e-6)
    save(frozen, tmp_path / "m.sklspeech")
    assert [file.name for file in tmp_path.iterdir()] == ["m.sklspeech"]
    loaded = load(tmp_path / "m.sklspeech")
    np.testing.assert_array_equal(loaded.predict_proba(words.data), frozen.predict_proba(words.data))


def test_frozen_is_saved_cloned_and_set(frozen, words, tmp_path):
    expected = frozen.predict_proba(words.data)
    joblib.dump(frozen, tmp_path / "frozen.joblib")
    for other in (joblib.load(tmp_path / "frozen.joblib"), pickle.loads(pickle.dumps(frozen))):
        np.testing.assert_array_equal(other.predict_proba(words.data), expected)
    threads = clone(frozen[-1]).set_params(n_jobs=2)
    np.testing.assert_allclose(threads.predict_proba(frozen[:-1].transform(words.data)), expected, atol=1e-6)
    assert "OnnxBytes(" in repr(frozen)
    assert len(repr(frozen)) < 500


@pytest.mark.parametrize("n_jobs", [(None, None), (2, None), (2, 2)], ids=str)
@pytest.mark.parametrize("of", ["paths", "waveforms"])
def test_frozen_predicts_in_pieces(frozen, words, monkeypatch, n_jobs, of):
    """At most 4 clips at a time are features; the result is that of all of them."""
    frozen.set_params(melfeatures__n_jobs=n_jobs[0], speechcnn__n_jobs=n_jobs[1])
    X = words.data if of == "paths" else AudioLoader().fit_transform(words.data)
    features = frozen[0].transform(X)
    labels, probabilities = frozen[-1].predict(features), frozen[-1].predict_proba(features)
    sizes = []
    transform = MelFeatures.transform
    monkeypatch.setattr(MelFeatures, "transform", lambda self, X: [sizes.append(len(X)), transform(self, X)][1])
    monkeypatch.setattr(frozen_pipeline, "_SAMPLES_OF_SLICE", 4 * frozen[0].n_samples_)
    np.testing.assert_array_equal(frozen.predict(X), labels)
    np.testing.assert_allclose(frozen.predict_proba(X), probabilities, atol=1e-6)
    assert frozen.score(X, words.target) == np.mean(labels == words.target)
    assert frozen.score(X, words.target, np.arange(len(X)) == 7) == (labels[7] == words.target[7])
    assert max(sizes) <= 4
    assert sum(sizes) == 4 * len(X)
    sizes.clear()
    assert frozen.predict(X[:1]) == labels[:1]
    assert sizes == [1]


def test_pieces_of_threads_are_of_32_clips_or_more(frozen, words):
    """More of them than threads, so that a thread that is done early goes on, but none that is not worth a call."""
    frozen.set_params(speechcnn__n_jobs=2)
    sizes = []
    frozen[0].transform = lambda X: [sizes.append(len(X)), MelFeatures.transform(frozen[0], X)][1]
    for n_clips in (1, 2, 60, 300):
        frozen.predict(np.resize(words.data, n_clips))
    assert sorted(sizes) == sorted([1, 1, 1, 30, 30, *[37, 38] * 4])


@pytest.mark.parametrize("container", [list, np.array, pd.Series, lambda paths: pd.DataFrame({"path": paths})])
def test_any_collection_of_clips(frozen, words, container):
    np.testing.assert_array_equal(frozen.predict(container(words.data[:3])), frozen.predict(words.data)[:3])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_in_a_piece_names_the_clip(frozen, words, monkeypatch, n_jobs):
    frozen.set_params(speechcnn__n_jobs=n_jobs)
    monkeypatch.setattr(frozen_pipeline, "_SAMPLES_OF_SLICE", 2 * frozen[0].n_samples_)
    waveforms = [*np.zeros((5, 8000), np.float32), np.array([np.nan], np.float32)]
    with pytest.raises(AudioError, match="waveform 5 of X"):
        frozen.predict(waveforms)
    with pytest.raises(AudioError, match=r"missing\.wav: does not exist"):
        frozen.predict_proba(["missing.wav"] * 6)
    with pytest.raises(TypeError, match="unexpected keyword argument 'sample_weight'"):
        frozen.predict(words.data, sample_weight=1)


def test_a_short_waveform_is_named_by_its_place_in_all(words):
    fitted = Pipeline([MelFeatures(duration=None, center=False), clone(network)]).fit(words.data, words.target)
    waveforms = [*np.zeros((70, 800), np.float32), np.zeros(100, np.float32)]
    with pytest.raises(AudioError, match="waveform 70 of X: 100 samples"):
        freeze(fitted).predict(waveforms)


def test_what_is_no_network_stays(words, tmp_path):
    fitted = Pipeline([MelFeatures(), clone(network)], memory=str(tmp_path), verbose=True).fit(words.data, words.target)
    frozen = freeze(fitted)
    assert (frozen.memory, frozen.verbose) == (str(tmp_path), True)
    assert frozen[0].get_params() == fitted[0].get_params()


class Other(SklearnPipeline):
    """A pipeline that does something of its own."""


def test_other_pipelines_stay_what_they_are(words):
    frozen = freeze(Other([("mel", MelFeatures()), ("network", clone(network))]).fit(words.data, words.target))
    assert type(frozen) is Other
    assert isinstance(frozen[-1], FrozenClassifier)


def test_the_original_is_left_as_it_was(pipeline, words):
    expected = pipeline.predict_proba(words.data)
    freeze(pipeline)
    assert isinstance(pipeline[-1], SpeechCNN)
    np.testing.assert_array_equal(pipeline.predict_proba(words.data), expected)


@pytest.mark.parametrize("labels", [np.array([3, 7, 11]), np.array([True, False, True]), np.array([0.5, 1.5, 2.5])])
def test_labels_keep_their_type(words, features, labels):
    y = labels[np.unique(words.target, return_inverse=True)[1]].astype(labels.dtype)
    if labels.dtype.kind == "f":
        y = y.astype(int)
    fitted = clone(network).fit(features, y)
    frozen = freeze(fitted)
    assert frozen.predict(features).dtype == fitted.predict(features).dtype
    np.testing.assert_array_equal(frozen.predict(features), fitted.predict(features))


def test_a_table(words, features):
    table = features.mean(axis=1)
    fitted = clone(network).fit(table, words.target)
    np.testing.assert_allclose(freeze(fitted).predict_proba(table), fitted.predict_proba(table), atol=1e-5)


def speech():
    return Pipeline([MelFeatures(), clone(network)])


@pytest.mark.parametrize(
    "around",
    [
        CalibratedClassifierCV(speech(), method="temperature", cv=2),
        CalibratedClassifierCV(speech(), ensemble=False, cv=2),
        VotingClassifier([("a", speech()), ("b", Pipeline([MFCCFeatures(), clone(network)]))], voting="soft"),
        VotingClassifier([("a", speech()), ("b", speech())], voting="hard"),
    ],
    ids=["temperature", "sigmoid", "soft voting", "hard voting"],
)
def test_networks_inside_other_estimators(words, around):
    fitted = clone(around).fit(words.data, words.target)
    frozen = freeze(fitted)
    assert b"sklspeech\nSpeechCNN" not in pickle.dumps(frozen, protocol=0)
    np.testing.assert_array_equal(frozen.predict(words.data), fitted.predict(words.data))
    with pytest.raises(FrozenError, match="frozen"):
        frozen.fit(words.data, words.target)


def test_a_threshold_is_kept(words):
    y = np.where(words.target == "no", "no", "other")
    fitted = FixedThresholdClassifier(speech(), threshold=0.9, pos_label="no").fit(words.data, y)
    frozen = freeze(fitted, words.data)
    np.testing.assert_array_equal(frozen.predict(words.data), fitted.predict(words.data))
    assert frozen.threshold == 0.9


def test_the_best_of_a_search_and_an_augmented_one(words):
    search = GridSearchCV(speech(), {"speechcnn__dropout": [0.1]}, cv=2).fit(words.data, words.target)
    augmented = AugmentedClassifier(speech(), gain=6.0).fit(words.data, words.target)
    for fitted in (search, augmented):
        frozen = freeze(fitted)
        assert list(frozen.named_steps) == ["melfeatures", "speechcnn"]
        np.testing.assert_allclose(frozen.predict_proba(words.data), fitted.predict_proba(words.data), atol=1e-5)


def test_a_search_without_a_best_one(words):
    search = GridSearchCV(speech(), {"speechcnn__dropout": [0.1]}, cv=2, refit=False).fit(words.data, words.target)
    with pytest.raises(NotFittedError):
        freeze(search)


def test_frozen_again_with_other_threads(pipeline):
    assert freeze(freeze(pipeline), n_jobs=2)[-1].n_jobs == 2


def test_where_there_is_no_network_the_last_step_is_named(words):
    table = Pipeline([MFCCFeatures(), FrameStatistics(), StandardScaler(), SVC()]).fit(words.data, words.target)
    with pytest.raises(ValueError, match="no network to freeze in a pipeline whose last step 'svc' is SVC"):
        freeze(table)
    with pytest.raises(ValueError, match="no network to freeze in SVC"):
        freeze(table[-1])


@pytest.mark.parametrize(
    "train",
    [
        lambda frozen, X, y: frozen.fit(X, y),
        lambda frozen, X, y: frozen[-1].fit(X, y),
        lambda frozen, X, y: clone(frozen).fit(X, y),
        lambda frozen, X, y: cross_val_score(frozen, X, y, cv=2),
        lambda frozen, X, y: GridSearchCV(frozen, {"melfeatures__n_jobs": [1]}, cv=2).fit(X, y),
        lambda frozen, X, y: CalibratedClassifierCV(frozen, cv=2).fit(X, y),
    ],
    ids=["fit", "network", "clone", "cross-validation", "search", "calibration"],
)
def test_what_is_frozen_does_not_train(frozen, words, train):
    with pytest.raises((FrozenError, ValueError), match="frozen: it can be neither trained, nor cross-validated, nor"):
        train(frozen, words.data, words.target)


def test_a_pipeline_of_scikit_learn_has_bounded_memory_as_well(words):
    fitted = make_pipeline(MelFeatures(), clone(network)).fit(words.data, words.target)
    frozen = freeze(fitted)
    assert type(frozen) is FrozenPipeline
    np.testing.assert_allclose(frozen.predict_proba(words.data), fitted.predict_proba(words.data), atol=1e-5)


@pytest.mark.parametrize("classifier", NETWORKS, ids=lambda classifier: type(classifier).__name__)
def test_clips_that_keep_their_length(words, classifier, tmp_path):
    fitted = Pipeline([MelFeatures(duration=None), clone(classifier)]).fit(words.data, words.target)
    frozen = freeze(fitted, words.data)
    save(frozen, tmp_path / "m.sklspeech")
    expected = fitted.predict_proba(words.data)
    alone = np.concatenate([frozen.predict_proba([path]) for path in words.data[:10]])
    np.testing.assert_allclose(alone, expected[:10], atol=1e-5)
    for other in (frozen, load(tmp_path / "m.sklspeech")):
        np.testing.assert_allclose(other.predict_proba(words.data), expected, atol=1e-5)
        long = np.tile(AudioLoader().fit_transform(words.data[:1])[0], 10)
        got = other.predict_proba([long, *words.data[:0]])
        np.testing.assert_allclose(got, fitted.predict_proba([long]), atol=1e-5)


def test_not_fitted():
    with pytest.raises(NotFittedError):
        freeze(speech())
    with pytest.raises(NotFittedError):
        freeze(clone(network))
    with pytest.raises(NotFittedError):
        freeze(AugmentedClassifier(speech()))


def test_interrupted(features, words):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    classifier = clone(network).set_params(callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(features, words.target)
    with pytest.raises(NotFittedError, match="not finished"):
        freeze(classifier)


def test_a_graph_that_differs_is_refused(pipeline, monkeypatch, tmp_path):
    monkeypatch.setattr(FrozenClassifier, "predict_proba", lambda self, X: np.full((len(X), 3), 0.5, np.float32))
    with pytest.raises(DeployError, match=r"SpeechCNN: probabilities differ by 0\.\d+ from the original's"):
        freeze(pipeline)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (lambda f: f[:, :30], r"shape \(30, 40\), but FrozenClassifier is expecting \(\d+, 40\)"),
        (lambda f: np.where(f > -60, np.nan, f), "NaN"),
        (lambda f: f[:0], "0 sample"),
    ],
    ids=["short", "NaN", "empty"],
)
def test_wrong_features(frozen, features, X, message):
    with pytest.raises(ValueError, match=message):
        frozen[-1].predict(X(features))


LOAD = """
import joblib
print(*joblib.load(sys.argv[1]).predict(sys.argv[2:]))
"""


def test_frozen_predicts_where_training_is_not_installed(run_without_training, pipeline, frozen, words, tmp_path):
    joblib.dump(frozen, tmp_path / "frozen.joblib")
    out = run_without_training(LOAD, tmp_path / "frozen.joblib", *words.data[:3])
    assert out.split() == pipeline.predict(words.data[:3]).tolist()
