"""WordSpotter, with a recognizer of tones, whose right answers are known."""

import pickle
import warnings

import numpy as np
import pytest
import soundfile
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from sklspeech import (
    AudioError,
    AudioLoader,
    AugmentedClassifier,
    Detection,
    FrozenPipeline,
    MelFeatures,
    Pipeline,
    RejectOption,
    SpeechCNN,
    WordSpotter,
    datasets,
    freeze,
)
from sklspeech.audio import AudioStream

RATE = 16_000
TONES = {"high": 2000.0, "low": 500.0}


class ToneClassifier(ClassifierMixin, BaseEstimator):
    """Says which tone is the loudest in a window, and how surely, by how long it is heard."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        times = np.arange(X.shape[1]) / RATE
        heard = [np.abs(X @ np.exp(2j * np.pi * tone * times)) / 3200 for tone in TONES.values()]
        levels = np.clip(np.stack(heard, axis=1), 0, 0.5)
        return np.column_stack([levels, 1 - levels.sum(axis=1)])


def tone(label, seconds=0.2):
    return np.sin(2 * np.pi * TONES[label] * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def recording(*words, seconds=10.0):
    """Tones that begin at given seconds, over faint noise."""
    sound = np.random.default_rng(0).normal(0, 1e-3, round(seconds * RATE)).astype(np.float32)
    for label, start in words:
        sound[round(start * RATE) :][: round(0.2 * RATE)] = tone(label)
    return sound


@pytest.fixture(scope="module")
def recognizer():
    pipeline = Pipeline([AudioLoader(duration=0.5), ToneClassifier()])
    return pipeline.fit([tone("high"), tone("low"), tone("low")], ["high", "low", "unknown"])


WORDS = [("high", 1.0), ("low", 3.0), ("high", 3.7), ("high", 8.0)]
EVENTS = [(label, start, start + 0.2) for label, start in WORDS]


@pytest.fixture(scope="module")
def spotter(recognizer):
    return WordSpotter(recognizer, threshold=0.3)


def test_each_word_is_one_hit_in_its_place(spotter):
    (found,) = spotter.detect([recording(*WORDS)])
    assert [hit.label for hit in found] == [label for label, _ in WORDS]
    assert all(isinstance(hit, Detection) and 0.3 <= hit.score <= 0.5 for hit in found)
    middles = [(hit.start + hit.end) / 2 for hit in found]
    np.testing.assert_allclose(middles, [start + 0.1 for _, start in WORDS], atol=0.1)
    assert all(hit.start < start + 0.1 < hit.end for hit, (_, start) in zip(found, WORDS, strict=True))


@pytest.mark.parametrize("n_samples", [1, 160, 1000, 48_000])
def test_blocks_make_no_difference(spotter, n_samples):
    sound = recording(*WORDS)
    (expected,) = spotter.detect([sound])
    blocks = [sound[i : i + n_samples] for i in range(0, len(sound), n_samples)]
    assert list(spotter.detect_stream(blocks)) == expected
    fed = [hit for block in blocks for hit in spotter.feed(block)]
    assert len(fed) >= 3  # they come with the stream, not at its end
    assert [*fed, *spotter.finish()] == expected


def test_listeners_do_not_disturb_each_other(spotter):
    first, second = recording(("high", 1.0)), recording(("low", 2.0))
    listeners = [spotter.listen(), spotter.listen()]
    found = [[], []]
    for start in range(0, len(first), 4000):
        for hits, listener, sound in zip(found, listeners, (first, second), strict=True):
            hits += listener.feed(sound[start : start + 4000])
    found = [hits + listener.finish() for hits, listener in zip(found, listeners, strict=True)]
    assert found == spotter.detect([first, second])


def test_files_are_read_block_by_block(spotter, tmp_path):
    sound = recording(*WORDS)
    soundfile.write(tmp_path / "a.flac", sound, RATE, "PCM_16")
    (of_file,), (of_waveform,) = spotter.detect([tmp_path / "a.flac"]), spotter.detect([sound])
    assert [hit[:3] for hit in of_file] == [hit[:3] for hit in of_waveform]
    assert list(spotter.detect_stream(AudioStream(tmp_path / "a.flac"))) == of_file


@pytest.mark.parametrize(
    ("params", "words", "expected"),
    [
        ({}, [("high", 1.0), ("high", 1.6)], ["high"]),  # within the refractory time
        ({"refractory": 0.4, "threshold": 0.4}, [("high", 1.0), ("high", 1.6)], ["high", "high"]),
        ({}, [("high", 1.0), ("low", 1.7)], ["high", "low"]),
        ({"threshold": {"high": 0.3, "low": 0.6}}, [("high", 1.0), ("low", 3.0)], ["high"]),
        ({"labels": ["low"]}, [("high", 1.0), ("low", 3.0)], ["low"]),
        ({"patience": 8}, [("high", 1.0)], []),
        ({"energy_gate": 0.0}, [("high", 1.0)], []),
        ({"energy_gate": None}, [("high", 1.0)], ["high"]),
        ({"smoothing": 0.0}, [("high", 0.0), ("low", 9.8)], ["high", "low"]),  # at both ends
        ({"hop": 0.7, "patience": 1, "smoothing": 0.0}, [("high", 2.2)], ["high"]),  # windows that do not touch
        ({}, [], []),
    ],
    ids=str,
)
def test_parameters(recognizer, params, words, expected):
    spotter = WordSpotter(recognizer, threshold=0.3).set_params(**params)
    assert [hit.label for hit in spotter.detect([recording(*words)])[0]] == expected


def test_a_recording_shorter_than_a_window(spotter):
    (found,) = spotter.detect([tone("high", 0.3)])
    assert [hit.label for hit in found] == ["high"]


def test_digital_silence_costs_nothing(recognizer):
    class Refusing(ToneClassifier):
        def predict_proba(self, X):
            raise AssertionError("was asked")

    pipeline = Pipeline([AudioLoader(duration=0.5), Refusing()]).fit([tone("high")] * 2, ["high", "low"])
    assert WordSpotter(pipeline, threshold=0.3).detect([np.zeros(3 * RATE, np.float32)]) == [[]]


def test_fit_finds_thresholds_that_keep_to_the_budget(recognizer):
    sound, background = recording(*WORDS), recording(seconds=120.0)
    background[RATE:][:1600] += tone("high", 0.1)  # half of a word, which a low threshold takes for one
    spotter = WordSpotter(recognizer, max_false_alarms_per_hour=30.0)
    spotter.fit([sound], [EVENTS], background=[background])
    assert spotter.scores_.n_hits == 4
    assert spotter.scores_.n_false_alarms == 0
    assert spotter.scores_.hours == pytest.approx(130 / 3600)
    assert set(spotter.thresholds_) == {"high", "low"}
    assert [[hit.label for hit in found] for found in spotter.detect([sound, background])] == [
        [label for label, _ in WORDS],
        [],
    ]
    assert [len(found) for found in spotter.set_params(threshold=0.1).detect([background])] == [1]


def test_times_are_corrected_by_what_fit_measured(recognizer):
    """Of a recognizer that is late: it hears the first half of its window alone."""

    class Late(ToneClassifier):
        def predict_proba(self, X):
            return super().predict_proba(X[:, : X.shape[1] // 2]) + np.array([0.25, 0.25, -0.5])

    late = Pipeline([AudioLoader(duration=1.0), Late()]).fit([tone("high"), tone("low")] * 2, ["high", "low"] * 2)
    late[-1].classes_ = np.array(["high", "low", "unknown"])
    sounds = [recording(("high", 2.0), ("low", 5.0), ("high", 8.0)) for _ in range(2)]
    events = [[("high", 2.0, 2.2), ("low", 5.0, 5.2), ("high", 8.0, 8.2)]] * 2
    spotter = WordSpotter(late, max_false_alarms_per_hour=0, refractory=0.5, smoothing=0.1).fit(sounds, events)
    assert spotter.lag_ == pytest.approx(0.25, abs=0.06)
    assert spotter.scores_.n_hits == 6
    (found,) = spotter.detect(sounds[:1])
    middles = [(hit.start + hit.end) / 2 for hit in found]
    np.testing.assert_allclose(middles, [2.1, 5.1, 8.1], atol=0.06)


def test_fit_says_where_the_recordings_do_not_suffice(recognizer):
    with pytest.warns(UserWarning, match=r"0\.0028 hours are too few to tell 0\.5 false alarms an hour"):
        WordSpotter(recognizer).fit([recording(*WORDS)], [EVENTS])
    loud = recording(("high", 1.0), ("high", 4.0), ("high", 7.0))  # as clear as words, and said to be none
    with pytest.warns(UserWarning, match="1 of 1 words are not found at these thresholds"):
        WordSpotter(recognizer, labels=["high"], max_false_alarms_per_hour=0).fit([loud], [[("high", 1.0, 1.2)]])
    sure = WordSpotter(recognizer, labels=["unknown"], background_labels=(), max_false_alarms_per_hour=0)
    with pytest.warns(UserWarning, match=r"false alarms an hour remain, 0 were asked for"):
        sure.fit([loud], [[]])


@pytest.mark.parametrize(
    ("params", "use", "error", "message"),
    [
        ({"threshold": "auto"}, None, NotFittedError, r"threshold='auto' is found by fit\(recordings, events\)"),
        ({"threshold": {"high": 0.5}}, None, ValueError, r"lacks \['low'\]"),
        ({"labels": ["middle"]}, None, ValueError, r"labels=\['middle'\] are none of the recognizer's"),
        ({"hop": 0.0}, None, ValueError, "'hop' parameter"),
        ({"threshold": 1.5}, None, ValueError, "'threshold' parameter"),
        ({"threshold": 0.0}, None, ValueError, "'threshold' parameter"),
        ({"threshold": {"high": 0.0, "low": 0.5}}, None, ValueError, "thresholds must be above 0"),
        ({"hop": -1.0}, lambda s: s.feed(tone("low")), ValueError, "'hop' parameter"),
        ({}, lambda s: clone(s).detect([tone("low")]), NotFittedError, "is not fitted: fit it first"),
        ({}, lambda s: s.feed(np.zeros((2, 3))), TypeError, "a block must be a waveform"),
        ({}, lambda s: s.feed(np.zeros(3, int)), TypeError, "a block must be a waveform"),
        ({}, lambda s: s.feed(np.array([0, np.nan])), AudioError, "NaN or infinite"),
        ({}, lambda s: s.detect(["missing.wav"]), AudioError, "missing.wav: does not exist"),
        ({}, lambda s: s.detect("a.wav"), TypeError, "single path"),
        ({}, lambda s: s.fit([tone("low")], []), ValueError, "inconsistent numbers"),
        ({}, lambda s: s.fit([tone("low")], [[("x", 0, 1)]]), ValueError, "label 'x', which is none of the words"),
        ({}, lambda s: s.fit([tone("low")], [[("low", 2, 1)]]), ValueError, "an event must begin at 0 s or later"),
    ],
    ids=lambda value: "use" if callable(value) else str(value),
)
def test_errors(recognizer, params, use, error, message):
    spotter = WordSpotter(recognizer, threshold=0.3).set_params(**params)
    with pytest.raises(error, match=message):
        (use or (lambda s: s.detect([tone("high")])))(spotter)


def test_recognizers_that_cannot_be_used():
    of_any_length = Pipeline([MelFeatures(duration=None), ToneClassifier()]).fit([tone("low")] * 2, ["a", "b"])
    with pytest.raises(ValueError, match=r"clips of one length, got MelFeatures\(duration=None\)"):
        WordSpotter(of_any_length, threshold=0.5).detect([tone("low")])
    with pytest.raises(ValueError, match="begins with MelFeatures"):
        WordSpotter(ToneClassifier().fit([[0.0]], ["a"]), threshold=0.5).detect([tone("low")])


@pytest.mark.parametrize(
    "around",
    [
        lambda pipeline: AugmentedClassifier(pipeline, n_copies=1),
        lambda pipeline: RejectOption(pipeline, cv=2, stand_ins=0.0),
        lambda pipeline: CalibratedClassifierCV(pipeline, cv=2),
        lambda pipeline: GridSearchCV(pipeline, {"audioloader__trim": [None]}, cv=2),
        lambda pipeline: VotingClassifier([("a", pipeline)], voting="soft"),
        lambda pipeline: RejectOption(CalibratedClassifierCV(pipeline, cv=2), cv=2),
    ],
    ids=["augmented", "reject", "calibrated", "search", "voting", "reject of calibrated"],
)
def test_recognizers_made_of_recognizers(around):
    pipeline = Pipeline([AudioLoader(duration=0.5), ToneClassifier()])
    X = [tone("high"), tone("low"), recording(seconds=0.2)] * 4
    recognizer = around(pipeline).fit(X, ["high", "low", "unknown"] * 4)
    (found,) = WordSpotter(recognizer, threshold=0.05).detect([recording(*WORDS)])
    assert {"high", "low"} <= {hit.label for hit in found}
    assert WordSpotter(recognizer).sample_rate_ == RATE


def test_a_sound_that_does_not_end_is_a_hit_now_and_then(spotter):
    listener = spotter.listen()
    found = [hit for _ in range(35) for hit in listener.feed(tone("high", 1.0))]
    assert len(found) >= 2


def test_other_labels_than_in_fit(recognizer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spotter = WordSpotter(recognizer, labels=["high"]).fit([recording(*WORDS)], [[EVENTS[0]]])
    with pytest.raises(ValueError, match=r"fit found no threshold for \['low'\]"):
        spotter.set_params(labels=["high", "low"]).detect([recording()])


def test_empty_blocks_are_nothing(spotter):
    sound = recording(*WORDS)
    blocks = [part for i in range(0, len(sound), 4000) for part in (sound[i : i + 4000], sound[:0])]
    assert list(spotter.detect_stream(blocks)) == spotter.detect([sound])[0]


def test_clones_and_pickles(spotter, recognizer):
    sound = recording(*WORDS)
    expected = spotter.detect([sound])
    spotter.feed(sound[:100])
    assert pickle.loads(pickle.dumps(spotter)).detect([sound]) == expected
    spotter.finish()
    copy = clone(WordSpotter(recognizer, threshold=0.4))
    assert copy.threshold == 0.4


def test_a_frozen_network_finds_the_same():
    speech = datasets.make_spoken_words(["yes", "no"], n_speakers=4, n_takes=5, random_state=0)
    pipeline = Pipeline([MelFeatures(duration=0.6), SpeechCNN(filters=(16,), epochs=10, random_state=0)])
    pipeline.fit(speech.data, speech.target)
    frozen = freeze(pipeline)
    assert isinstance(frozen, FrozenPipeline)
    pause = np.zeros(RATE, np.float32)
    sound = np.concatenate([pause, speech.data[0], pause, speech.data[-1], pause])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, of_frozen = (WordSpotter(one, threshold=0.6).detect([sound])[0] for one in (pipeline, frozen))
    assert len(found) >= 2
    assert [hit[:3] for hit in found] == [hit[:3] for hit in of_frozen]
    spotter = freeze(WordSpotter(pipeline, threshold=0.6))
    assert isinstance(spotter.estimator, FrozenPipeline)
    assert spotter.detect([sound])[0] == of_frozen
