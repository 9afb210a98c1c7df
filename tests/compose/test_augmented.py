"""Changed copies of recordings: the functions on tones and noise, the classifier on synthetic words."""

import numpy as np
import pytest
import soundfile
from sklearn.base import clone, is_classifier
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from sklspeech import (
    AudioError,
    AudioLoader,
    AugmentedClassifier,
    FrameStatistics,
    MelFeatures,
    MFCCFeatures,
    Pipeline,
    SpeechCNN,
)
from sklspeech.audio import read_waveform


def table(last):
    return Pipeline([MFCCFeatures(), FrameStatistics(), last])


@pytest.mark.parametrize(
    "pipeline",
    [
        table(LogisticRegression(max_iter=5000)),
        table(LinearSVC()),
        Pipeline([MelFeatures(), SpeechCNN(filters=(8,), epochs=25, batch_size=8, random_state=0)]),
        Pipeline([MelFeatures(duration=None), FrameStatistics(), LogisticRegression(max_iter=5000)]),
    ],
    ids=["probabilities", "scores", "network", "ragged"],
)
def test_learns_from_clips_and_copies(words, noise, pipeline):
    heard = words.groups != "s03"
    classifier = AugmentedClassifier(pipeline, noise=[noise], speed=0.1, reverberation=0.3, gain=6.0, random_state=0)
    classifier.fit(words.data[heard], words.target[heard])
    assert classifier.score(words.data[~heard], words.target[~heard]) > 0.7
    assert classifier.classes_.tolist() == ["no", "stop", "yes"]
    assert hasattr(classifier, "predict_proba") == hasattr(pipeline[-1], "predict_proba")
    np.testing.assert_array_equal(classifier.predict(words.data), classifier.estimator_.predict(words.data))


class Record(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        self.seen_ = X, y, sample_weight
        return super().fit(X, y, sample_weight)


def test_originals_come_first_and_copies_differ(words):
    classifier = AugmentedClassifier(table(Record(max_iter=5000)), gain=6.0, n_copies=2, random_state=0)
    X, y, weights = classifier.fit(words.data, words.target, np.arange(60.0)).estimator_[-1].seen_
    np.testing.assert_array_equal(X[:60], table(None)[:-1].fit_transform(words.data))
    assert not np.allclose(X[60:120], X[:60])
    assert not np.allclose(X[60:120], X[120:])
    np.testing.assert_array_equal(y, np.tile(words.target, 3))
    np.testing.assert_array_equal(weights, np.tile(np.arange(60.0), 3))


@pytest.mark.parametrize("deep", [lambda step: Pipeline([("front", step)]), lambda step: FeatureUnion([("a", step)])])
def test_copies_have_the_sample_rate_of_the_features_however_deep(words, deep):
    front = Pipeline([MFCCFeatures(sample_rate=8000, n_fft=200, hop_length=80), FrameStatistics()])
    classifier = AugmentedClassifier(Pipeline([("front", deep(front)), ("last", Record(max_iter=5000))]))
    X, *_ = classifier.fit(words.data, words.target).estimator_[-1].seen_
    np.testing.assert_allclose(X[60:], X[:60], atol=1e-3)  # no change was asked for


def test_two_sample_rates(words):
    front = FeatureUnion(
        [(str(rate), table(None)[:-1].set_params(mfccfeatures__sample_rate=rate)) for rate in (8000, 16000)]
    )
    with pytest.raises(ValueError, match=r"one sample_rate, got \[8000, 16000\]"):
        AugmentedClassifier(Pipeline([front, LogisticRegression()])).fit(words.data, words.target)


def test_a_column_of_labels(words):
    classifier = AugmentedClassifier(table(Record(max_iter=5000)), gain=6.0)
    with pytest.warns(DataConversionWarning):
        classifier.fit(words.data, words.target[:, None])
    np.testing.assert_array_equal(np.ravel(classifier.estimator_[-1].seen_[1]), np.tile(words.target, 2))


def test_same_seed_same_copies(words):
    classifier = AugmentedClassifier(table(LogisticRegression(max_iter=5000)), gain=6.0, speed=0.2, random_state=0)
    first = classifier.fit(words.data, words.target).predict_proba(words.data)
    np.testing.assert_array_equal(clone(classifier).fit(words.data, words.target).predict_proba(words.data), first)


def test_cross_validates_by_speaker(words):
    classifier = AugmentedClassifier(table(LogisticRegression(max_iter=5000)), speed=0.1, random_state=0)
    assert is_classifier(classifier)
    scores = cross_val_score(classifier, words.data, words.target, groups=words.groups, cv=LeaveOneGroupOut())
    assert scores.mean() > 0.7


def test_noise_from_a_folder(words, tmp_path):
    """What is added is a part of the recordings in the folder, over all of the duration, at the ratio asked for."""
    hum = np.sin(2 * np.pi * 1000 * np.arange(24000) / 16000).astype(np.float32)
    soundfile.write(tmp_path / "hum.wav", hum, 16000)
    loader = Pipeline([AudioLoader(duration=0.5), Record(max_iter=5000)])
    classifier = AugmentedClassifier(loader, noise=tmp_path, snr=(0.0, 0.0), random_state=0)
    X, *_ = classifier.fit(words.data, words.target).estimator_[-1].seen_
    added = X[60:] - X[:60]
    spectra = np.abs(np.fft.rfft(added))
    assert (spectra.argmax(axis=1) == 500).all()  # 1000 Hz, of half a second
    np.testing.assert_allclose(np.mean(added**2, axis=1), np.mean(X[:60] ** 2, axis=1), rtol=1e-3)
    assert np.abs(added[:, -100:]).max(axis=1).min() > 0  # behind the words


def reverse(waveform, sample_rate, random):
    assert sample_rate == 16000
    assert isinstance(random, np.random.Generator)
    return waveform[::-1]


def test_a_change_of_ones_own(words):
    loader = Pipeline([AudioLoader(duration=2.0), Record(max_iter=5000)])
    X, *_ = AugmentedClassifier(loader, augment=reverse).fit(words.data, words.target).estimator_[-1].seen_
    whole = AudioLoader(duration=None).fit_transform(words.data)
    np.testing.assert_allclose(X[60, : len(whole[0])], whole[0][::-1], atol=1e-6)


@pytest.mark.parametrize(
    "given",
    [np.zeros((2, 3)), np.array([]), np.array([np.nan]), np.array(["a"]), None],
    ids=["2-D", "empty", "NaN", "text", "None"],
)
def test_a_change_of_ones_own_must_give_a_waveform(words, given):
    classifier = AugmentedClassifier(table(LogisticRegression()), augment=lambda waveform, sample_rate, random: given)
    with pytest.raises(ValueError, match=r"augment=.* must give a waveform of shape"):
        classifier.fit(words.data, words.target)


def test_stretch_keeps_the_pitch_and_pitch_the_length(words):
    tone = np.sin(2 * np.pi * 500 * np.arange(16000) / 16000).astype(np.float32)
    X, y = [tone] * 20, ["a", "b"] * 10
    loader = Pipeline([AudioLoader(duration=2.0), Record(max_iter=10)])
    for params in ({"stretch": 0.5}, {"pitch": 6.0}):
        rows, *_ = AugmentedClassifier(loader, **params, random_state=0).fit(X, y).estimator_[-1].seen_
        lengths = [np.flatnonzero(np.abs(row) > 0.1)[-1] for row in rows[20:]]
        pitches = np.abs(np.fft.rfft(rows[20:, :8000])).argmax(axis=1) * 2
        changed, kept = (lengths, pitches) if "stretch" in params else (pitches, lengths)
        assert max(changed) / min(changed) > 1.3
        assert max(kept) / min(kept) < 1.05


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"noise": "nowhere"}, AudioError, "nowhere: is no folder with recordings"),
        ({"noise": 3}, ValueError, "'noise' parameter"),
        ({"snr": (np.nan, 5.0)}, ValueError, "snr must be the lowest and the highest"),
        ({"snr": (20.0, 5.0)}, ValueError, "snr must be the lowest and the highest"),
        ({"n_copies": -1}, ValueError, "'n_copies' parameter"),
        ({"reverberation": -0.1}, ValueError, "'reverberation' parameter"),
        ({"estimator": LinearSVC()}, ValueError, "'estimator' parameter"),
    ],
    ids=str,
)
def test_wrong_parameter(words, params, error, message):
    classifier = AugmentedClassifier(table(LinearSVC())).set_params(**params)
    with pytest.raises(error, match=message):
        classifier.fit(words.data, words.target)


@pytest.mark.parametrize("as_paths", [True, False])
def test_a_copy_that_is_too_short_is_named(noise, tmp_path, as_paths):
    clips = [noise, noise[:481], noise]  # one sample more than a frame: too short in the first copy that is faster
    source = "waveform 1 of X"
    if as_paths:
        for name, clip in zip("abc", clips, strict=True):
            soundfile.write(tmp_path / f"{name}.wav", clip, 16000)
        clips, source = [str(tmp_path / f"{name}.wav") for name in "abc"], "b.wav"
    pipeline = Pipeline([MFCCFeatures(duration=None, center=False, n_fft=480), FrameStatistics(), LogisticRegression()])
    classifier = AugmentedClassifier(pipeline, speed=0.5, n_copies=10, random_state=0)
    with pytest.raises(AudioError, match=rf"a changed copy of .*{source}: \d+ samples at 16000 Hz are too short"):
        classifier.fit(clips, ["a", "b", "a"])


def test_waveforms_as_well_as_paths(words):
    waveforms = [read_waveform(path) for path in words.data]
    classifier = AugmentedClassifier(table(LogisticRegression(max_iter=5000)), gain=6.0, random_state=0)
    expected = classifier.fit(words.data, words.target).predict_proba(words.data)
    np.testing.assert_allclose(classifier.fit(waveforms, words.target).predict_proba(words.data), expected, atol=1e-5)


def test_a_pipeline_with_memory(words, tmp_path):
    pipeline = Pipeline([MFCCFeatures(), FrameStatistics(), LinearSVC()], memory=str(tmp_path))
    classifier = AugmentedClassifier(pipeline, gain=6.0).fit(words.data, words.target)
    assert classifier.score(words.data, words.target) > 0.8


class RecordGroups(Record):
    def fit(self, X, y, sample_weight=None, groups=None):
        self.groups_ = groups
        return super().fit(X, y, sample_weight)


def test_a_clip_and_its_copies_are_one_group(words):
    classifier = AugmentedClassifier(table(RecordGroups(max_iter=5000)), n_copies=2)
    np.testing.assert_array_equal(
        classifier.fit(words.data, words.target).estimator_[-1].groups_, np.tile(np.arange(60), 3)
    )
    groups = classifier.fit(words.data, words.target, groups=words.groups).estimator_[-1].groups_
    np.testing.assert_array_equal(groups, np.tile(words.groups, 3))
    with pytest.raises(ValueError, match="LinearSVC takes no groups in fit"):
        AugmentedClassifier(table(LinearSVC())).fit(words.data, words.target, groups=words.groups)
