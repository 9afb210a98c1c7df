"""Background: windows of recordings, at random or the hardest ones; and a classifier that learns them."""

import numpy as np
import pytest
import soundfile
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import LinearSVC

from sklspeech import AudioError, AudioLoader, AugmentedClassifier, MelFeatures, Pipeline
from sklspeech.compose.background import Background

RATE = 16_000


def ramp(n_samples, level=0.5):
    """Samples that tell their place."""
    return (level * np.arange(n_samples) / n_samples).astype(np.float32)


def test_windows_are_drawn_evenly():
    recordings = [np.full(10 * RATE, 0.1, np.float32), np.full(90 * RATE, 0.2, np.float32)]
    background = Background(recordings, RATE, 8000)
    windows, of_recordings = background.draw(1000, np.random.default_rng(0))
    assert {window.shape for window in windows} == {(8000,)}
    assert np.mean(of_recordings == 1) == pytest.approx(0.9, abs=0.03)
    np.testing.assert_allclose([window.mean() for window in windows], np.array([0.1, 0.2])[of_recordings], rtol=1e-5)
    (places,) = [[window[0] for window in Background([ramp(50 * RATE)], RATE, 8000).draw(500, _random())[0]]]
    assert np.percentile(places, [1, 50, 99]) == pytest.approx([0.005, 0.25, 0.49], abs=0.03)


def _random():
    return np.random.default_rng(0)


@pytest.mark.parametrize("as_folder", [False, True])
def test_hardest_windows(as_folder, tmp_path):
    recordings = [ramp(3 * RATE, 0.1), ramp(3 * RATE, 0.9), ramp(100, 0.5)]
    source = recordings
    if as_folder:
        for i, recording in enumerate(recordings):
            soundfile.write(tmp_path / f"{i}.wav", recording, RATE, "FLOAT")
        source = tmp_path
    background = Background(source, RATE, RATE)
    windows, of_recordings = background.hardest(3, lambda some: some.max(axis=1))
    assert of_recordings.tolist() == [1, 1, 1]
    np.testing.assert_allclose(sorted(w[0] for w in windows), [0.9 * place / 3 for place in (1, 1.5, 2)], rtol=1e-5)
    assert {len(window) for window in background.hardest(100, lambda some: some.max(axis=1))[0]} == {RATE}


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("nowhere", AudioError, "nowhere: is no folder with recordings"),
        ([], ValueError, "X has no clips"),
        (["missing.wav"], AudioError, "missing.wav: does not exist"),
        ([np.zeros((2, 3))], TypeError, "expected a path or a 1-D array"),
    ],
    ids=str,
)
def test_wrong_recordings(source, error, message):
    with pytest.raises(error, match=message):
        Background(source, RATE, RATE)


class ByLevel(ClassifierMixin, BaseEstimator):
    """Takes for a word what is loud; remembers what it was fitted to."""

    seen = None

    def fit(self, X, y, sample_weight=None, groups=None):
        self.seen_ = X, np.asarray(y), sample_weight, groups
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        level = np.clip(np.abs(X).max(axis=1), 0, 1)
        probabilities = np.zeros((len(X), len(self.classes_)))
        probabilities[:, 0], probabilities[:, -1] = level, 1 - level
        return probabilities


PIPELINE = Pipeline([AudioLoader(duration=0.5), ByLevel()])
CLIPS = [np.full(8000, 0.3, np.float32)] * 4
LABELS = ["a", "b", "a", "b"]


@pytest.mark.parametrize(("rounds", "n_copies"), [(1, 0), (2, 1), (3, 0)])
def test_a_classifier_learns_the_background_and_what_it_took_for_words(rounds, n_copies):
    quiet, loud = np.full(60 * RATE, 0.01, np.float32), np.full(RATE, 0.9, np.float32)
    params = {"background_share": 2.0, "background_rounds": rounds, "n_copies": n_copies}
    classifier = AugmentedClassifier(PIPELINE, background=[quiet, loud], **params, random_state=0)
    X, y, weights, groups = (
        classifier.fit(CLIPS, LABELS, sample_weight=[1, 2, 3, 2], groups=[7, 7, 8, 8]).estimator_[-1].seen_
    )
    n_clips = 4 * (1 + n_copies)
    is_background = y == "unknown"
    assert len(y) == n_clips + 8 * rounds
    assert is_background.sum() == 8 * rounds
    assert classifier.classes_.tolist() == ["a", "b", "unknown"]
    n_loud = np.sum(X[is_background].max(axis=1) > 0.8)
    assert n_loud >= 3 * (rounds - 1)  # those that the loud second has, in every round after the first
    assert np.mean(weights) == pytest.approx(2.0)
    assert set(groups[is_background]) <= {"background 0", "background 1"}
    assert set(groups[~is_background]) == {"7", "8"}


def test_windows_are_changed_as_copies_are():
    background = [np.full(60 * RATE, 0.1, np.float32)]
    classifier = AugmentedClassifier(
        PIPELINE, background=background, background_share=50.0, background_rounds=1, gain=20.0
    )
    X, y, *_ = classifier.set_params(random_state=0).fit(CLIPS, LABELS).estimator_[-1].seen_
    is_same = np.isclose(X[y == "unknown"].max(axis=1), 0.1)
    assert is_same.mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("pipeline", "labels", "message"),
    [
        (PIPELINE, [0, 1, 0, 1], "y is of type int64: write y.astype"),
        (Pipeline([MelFeatures(duration=None), ByLevel()]), LABELS, "give the features a duration in seconds"),
        (Pipeline([AudioLoader(duration=0.5), LinearSVC()]), LABELS, "a classifier with predict_proba, got LinearSVC"),
    ],
    ids=["numbers", "any length", "no probabilities"],
)
def test_what_cannot_have_a_background(pipeline, labels, message):
    with pytest.raises(ValueError, match=message):
        AugmentedClassifier(pipeline, background=CLIPS).fit(CLIPS, labels)
