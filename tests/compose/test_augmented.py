"""Changed copies of recordings: the functions on tones and noise, the classifier on synthetic words."""

import numpy as np
import pytest
import soundfile
from conftest import DATA
from sklearn.base import clone, is_classifier
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from sklspeech import (
    AudioError,
    AugmentedClassifier,
    FrameStatistics,
    MelFeatures,
    MFCCFeatures,
    Pipeline,
    SpeechCNN,
)
from sklspeech.audio import read_waveform
from sklspeech.compose.augmented import add_noise, add_reverberation, change_speed, room_response


def tone(frequency, seconds=1.0):
    return np.sin(2 * np.pi * frequency * np.arange(int(16000 * seconds)) / 16000).astype(np.float32)


@pytest.mark.parametrize("snr", [-10.0, 0.0, 20.0])
def test_add_noise_has_the_ratio(noise, snr):
    waveform = 0.3 * tone(440)
    added = add_noise(waveform, noise, snr) - waveform
    assert 10 * np.log10(np.mean(waveform**2) / np.mean(added**2)) == pytest.approx(snr, abs=0.01)


def test_add_noise_to_silence(noise):
    silence = np.zeros(16000, np.float32)
    np.testing.assert_array_equal(add_noise(silence, noise, 10.0), silence)
    np.testing.assert_array_equal(add_noise(noise, silence, 10.0), noise)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_change_speed_moves_length_and_pitch(factor):
    changed = change_speed(tone(1000), factor)
    assert len(changed) == pytest.approx(16000 / factor, abs=2)
    assert changed.dtype == np.float32
    assert np.abs(np.fft.rfft(changed)).argmax() * 16000 / len(changed) == pytest.approx(1000 * factor, abs=2)


@pytest.mark.parametrize(("reverberation_time", "ratio"), [(0.2, 0.0), (0.8, 10.0), (1e-9, 5.0)])
def test_room_response_falls_by_60_db(reverberation_time, ratio):
    response = room_response(16000, reverberation_time, ratio, np.random.default_rng(0))
    assert response[0] == 1
    echoes = response[1:].astype(float)
    assert -10 * np.log10(np.sum(echoes**2)) == pytest.approx(ratio, abs=1e-3)
    if len(echoes) > 1:
        left = 10 * np.log10(np.cumsum(echoes[::-1] ** 2)[::-1])  # energy that is still to come, Schroeder 1965
        half = len(left) // 2
        assert left[0] - left[half] == pytest.approx(30, abs=1)


def test_add_reverberation_is_a_convolution(noise):
    response = room_response(16000, 0.1, 3.0, np.random.default_rng(0))
    expected = np.convolve(noise.astype(float), response)[: len(noise)]
    changed = add_reverberation(noise, response)
    np.testing.assert_allclose(changed, expected, atol=1e-6)
    assert changed.dtype == np.float32
    np.testing.assert_allclose(add_reverberation(noise, np.float32([1.0])), noise, atol=1e-7)


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


def test_noise_from_a_folder(words):
    folder = DATA / "arabic20" / "_background_noise_"
    if not folder.is_dir():
        pytest.skip(f"no recordings in {folder}")
    plain = AugmentedClassifier(table(LogisticRegression(max_iter=5000)), random_state=0)
    noisy = clone(plain).set_params(noise=folder, snr=(0.0, 5.0))
    first, second = (c.fit(words.data, words.target).predict_proba(words.data) for c in (plain, noisy))
    assert not np.allclose(first, second)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"noise": "nowhere"}, AudioError, "nowhere: is no folder with recordings of noise"),
        ({"noise": 3}, ValueError, "'noise' parameter"),
        ({"snr": (np.nan, 5.0)}, ValueError, "snr must be the lowest and the highest"),
        ({"snr": (20.0, 5.0)}, ValueError, "snr must be the lowest and the highest"),
        ({"n_copies": 0}, ValueError, "'n_copies' parameter"),
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
