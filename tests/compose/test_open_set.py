"""RejectOption, on points in a plane and on real clips' like."""

from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from sklspeech import FrameStatistics, MelFeatures, Pipeline, RejectOption, SpeechCNN, datasets, freeze
from sklspeech.compose.open_set import _threshold
from sklspeech.compose.stand_ins import make_stand_ins
from sklspeech.metrics import open_set_classification_rate_scorer, open_set_roc_auc_scorer

RATE = 16_000


class Recorder(GaussianNB):
    """Knows what it was fitted to."""

    fits: ClassVar[list] = []

    def fit(self, X, y):
        Recorder.fits.append((np.asarray(X), np.asarray(y)))
        return super().fit(X, y)


def points(n=60, seed=0):
    """Five words as clouds around a circle, the sixth in the middle of it."""
    random = np.random.default_rng(seed)
    angles = np.arange(5) * 2 * np.pi / 5
    centres = [*np.column_stack([np.cos(angles), np.sin(angles)]) * 3, np.zeros(2)]
    X = np.concatenate([random.normal(centre, 0.3, (n, 2)) for centre in centres])
    return X, np.repeat(["a", "b", "c", "d", "e", "unknown"], n), np.tile(np.arange(n) % 6, 6)


def test_unknown_words_are_rejected():
    X, y, groups = points()
    classifier = RejectOption(LogisticRegression(), random_state=0).fit(X, y, groups)
    X_test, y_test, _ = points(seed=1)
    predicted = classifier.predict(X_test)
    is_unknown = y_test == "unknown"
    assert np.mean(predicted[is_unknown] == "unknown") >= 0.9
    assert np.mean(predicted[~is_unknown] == y_test[~is_unknown]) >= 0.97
    assert classifier.classes_.tolist() == ["a", "b", "c", "d", "e", "unknown"]
    assert classifier.false_alarm_rate_ <= 0.05
    scores = classifier.known_score(X_test)
    np.testing.assert_array_equal(predicted == "unknown", scores < classifier.threshold_)
    assert "unknown" not in classifier.predict_known(X_test)
    assert classifier.predict_proba(X_test).shape == (len(X_test), 6)


def test_without_unknown_clips_words_are_left_out_of_every_fold():
    X, y, groups = points()
    known = y != "unknown"
    Recorder.fits.clear()
    classifier = RejectOption(Recorder(), cv=3, random_state=0).fit(X[known], y[known], groups[known])
    *folds, (_, of_all) = Recorder.fits
    left_out = [set("abcde") - set(labels) for _, labels in folds]
    assert set.union(*left_out) == set("abcde")
    assert sum(map(len, left_out)) == 5
    assert set(of_all) == set("abcde")
    assert classifier.predict_proba(X[:3]).shape == (3, 6)
    assert (classifier.predict_proba(X[:3])[:, 5] == 0).all()


@pytest.mark.parametrize("with_unknown", [True, False])
def test_no_speaker_is_on_both_sides(with_unknown):
    X, y, groups = points()
    some = y != "unknown" if not with_unknown else np.ones(len(y), bool)
    X, y, groups = np.column_stack([X, groups])[some], y[some], groups[some]

    class Watching(GaussianNB):
        def fit(self, X, y):
            self.speakers_ = set(X[:, 2])
            return super().fit(X[:, :2], y)

        def predict_proba(self, X):
            assert len(X) == len(y) or not self.speakers_ & set(X[:, 2])
            return super().predict_proba(X[:, :2])

    RejectOption(Watching(), random_state=0).fit(X, y, groups)


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.2, 1.0])
def test_target_rate(rate):
    X, y, groups = points(200)
    X = X + np.random.default_rng(1).normal(0, 0.8, X.shape)  # so that all overlap
    classifier = RejectOption(LinearDiscriminantAnalysis(), target_false_alarm_rate=rate, random_state=0)
    classifier.fit(X, y, groups)
    assert classifier.false_alarm_rate_ == pytest.approx(rate, abs=0.01)
    X_test, y_test, _ = points(2000, seed=2)
    X_test = X_test + np.random.default_rng(3).normal(0, 0.8, X_test.shape)
    accepted = classifier.predict(X_test[y_test == "unknown"]) != "unknown"
    assert accepted.mean() == pytest.approx(rate, abs=0.04)


@pytest.mark.parametrize(
    ("params", "labels", "message"),
    [
        ({}, ["a", "b", "c"] * 20, "needs clips labelled 'unknown', or 4 words or more"),
        ({}, [0, 1, 2, 3] * 15, "y is of type int64: write y.astype"),
        ({"target_false_alarm_rate": 1.5}, ["a", "b", "c", "d"] * 15, "'target_false_alarm_rate' parameter"),
        ({"cv": 1}, ["a", "b", "c", "d"] * 15, "'cv' parameter"),
        ({}, ["a", "b", None, "d"] * 15, "y has no label"),
    ],
    ids=str,
)
def test_errors(params, labels, message):
    with pytest.raises(ValueError, match=message):
        RejectOption(GaussianNB()).set_params(**params).fit(np.random.default_rng(0).normal(size=(60, 2)), labels)


@pytest.mark.parametrize(
    ("unknown", "rate", "n_accepted"),
    [
        (np.linspace(0.1, 0.9, 9), 0.05, 0),
        (np.linspace(0.1, 0.9, 9), 0.0, 0),
        (np.linspace(0.1, 0.9, 9), 0.34, 3),
        (np.ones(20), 0.05, 0),
        (np.array([1.0, 1.0, 0.5, 0.2], np.float32), 0.5, 2),
        (np.array([1.0, 1.0, 0.5, 0.2], np.float32), 0.25, 0),
        (np.linspace(0.1, 0.9, 9), 1.0, 9),
    ],
    ids=str,
)
def test_no_more_than_the_rate_is_accepted(unknown, rate, n_accepted):
    assert np.sum(unknown >= _threshold(unknown, rate)) == n_accepted


def test_folds_without_words_say_so():
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.repeat(list("abcd"), 10)
    with pytest.raises(ValueError, match=r"fewer than 2 words|known and .* unknown clips"):
        RejectOption(GaussianNB(), cv=2, random_state=0).fit(X, y, groups=np.repeat([0, 0, 0, 1], 10))


def test_searches_scorers_and_clones():
    X, y, groups = points()
    classifier = RejectOption(LogisticRegression(), random_state=0)
    for scorer in (open_set_roc_auc_scorer, open_set_classification_rate_scorer):
        scores = cross_val_score(classifier, X, y, groups=groups, cv=GroupKFold(3), scoring=scorer)
        assert scores.min() > 0.97
    candidates = [DummyClassifier(strategy="prior"), GaussianNB()]
    search = GridSearchCV(classifier, {"estimator": candidates}, cv=3, scoring=open_set_classification_rate_scorer)
    assert search.fit(X, y).best_params_ == {"estimator": candidates[1]}
    assert clone(search.best_estimator_).get_params()["estimator__var_smoothing"] == 1e-9
    assert not hasattr(RejectOption(LinearSVC()), "predict_proba")


@pytest.mark.parametrize("as_paths", [False, True])
def test_recordings_have_stand_ins(as_paths, tmp_path):
    speech = datasets.make_spoken_words(["yes", "no", "stop", "go"], n_speakers=3, n_takes=4, random_state=0)
    X = speech.data
    if as_paths:
        import soundfile

        X = [tmp_path / f"{i}.wav" for i in range(len(speech.data))]
        for path, waveform in zip(X, speech.data, strict=True):
            soundfile.write(path, waveform, RATE)
    pipeline = Pipeline([MelFeatures(duration=0.8), FrameStatistics(), LogisticRegression(max_iter=2000)])
    for share in (0.0, 1.0):
        classifier = RejectOption(pipeline, stand_ins=share, random_state=0).fit(X, speech.target, speech.groups)
        assert ("unknown" in classifier.estimator_.classes_) == bool(share)
        assert "unknown" in classifier.classes_
        assert np.mean(classifier.predict_known(X) == speech.target) > 0.9


def test_it_freezes():
    speech = datasets.make_spoken_words(["yes", "no", "stop", "go"], n_speakers=3, n_takes=4, random_state=0)
    pipeline = Pipeline([MelFeatures(duration=0.8), SpeechCNN(filters=(16,), epochs=3, random_state=0)])
    classifier = RejectOption(pipeline, cv=2, random_state=0).fit(speech.data, speech.target)
    frozen = freeze(classifier, speech.data[:3])
    assert type(frozen.estimator_[-1]).__name__ == "FrozenClassifier"
    np.testing.assert_allclose(frozen.known_score(speech.data), classifier.known_score(speech.data), atol=1e-5)
    assert frozen.threshold_ == classifier.threshold_


def test_stand_ins_are_as_many_and_as_long_as_asked_for_and_differ():
    random = np.random.default_rng(0)
    waveforms = [random.normal(size=n).astype(np.float32) for n in (300, 9000, 20_000)]
    made = make_stand_ins(waveforms.__getitem__, (3, 200), 16_000, random)
    assert {clip.shape for clip in made} == {(16_000,)}
    assert {clip.dtype for clip in made} == {np.dtype(np.float32)}
    assert all(np.isfinite(clip).all() and clip.any() for clip in made)
    assert len({clip.tobytes() for clip in made}) > 190
    again = make_stand_ins(waveforms.__getitem__, (3, 200), 16_000, np.random.default_rng(0))
    assert len(again) == 200
    assert len({len(clip) for clip in make_stand_ins(waveforms.__getitem__, (3, 50), None, random)}) > 10


def test_predictions_keep_the_label_of_fit():
    X, y, groups = points()
    classifier = RejectOption(LinearDiscriminantAnalysis(), random_state=0).fit(X, y, groups=groups)
    expected = classifier.predict(X)
    assert "unknown" in expected
    np.testing.assert_array_equal(classifier.set_params(unknown_label="other").predict(X), expected)
