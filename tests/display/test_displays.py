"""Every display draws what it was given, on new axes or on given ones."""

import matplotlib
import numpy as np
import pytest

matplotlib.use("agg")

from matplotlib import pyplot
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from sklspeech import (
    AudioLoader,
    FrameStatistics,
    MelFeatures,
    MFCCFeatures,
    Pipeline,
    SpeechCNN,
    SpeechTranscriber,
    WordSpotter,
    datasets,
    display,
)
from sklspeech.metrics import expected_calibration_error


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def pipeline(words):
    network = SpeechCNN(stem=(8,), filters=(16,), epochs=12, early_stopping=True, random_state=0)
    return Pipeline([MelFeatures(duration=0.8), network]).fit(words.data, words.target)


@pytest.fixture(scope="module")
def transcriber():
    speech = datasets.make_spoken_sentences(["yes", "no"], n_speakers=2, n_takes=6, random_state=0)
    network = SpeechTranscriber(units="word", width=16, n_layers=1, epochs=3, random_state=0)
    return Pipeline([MelFeatures(duration=None), network]).fit(speech.data, speech.target), speech


def stream(words):
    clips = AudioLoader(duration=None).fit_transform(words.data[::7])
    parts, events, time = [], [], 0.0
    for clip, label in zip(clips, words.target[::7], strict=True):
        events.append((label, time + 0.5, time + 0.5 + len(clip) / 16_000))
        parts += [np.zeros(8000, np.float32), clip]
        time += 0.5 + len(clip) / 16_000
    return np.concatenate(parts), events


def draw(name, words, pipeline, transcriber, ax=None):
    """A display of every class."""
    if name == "SpectrogramDisplay":
        return display.SpectrogramDisplay.from_estimator(pipeline, words.data[0], ax=ax)
    if name == "TrainingCurveDisplay":
        return display.TrainingCurveDisplay.from_estimator(pipeline, ax=ax)
    if name == "ReliabilityDisplay":
        return display.ReliabilityDisplay.from_estimator(pipeline, words.data, words.target, ax=ax)
    if name == "SpeakerScoreDisplay":
        return display.SpeakerScoreDisplay.from_estimator(pipeline, words.data, words.target, words.groups, ax=ax)
    if name == "OcclusionDisplay":
        return display.OcclusionDisplay.from_estimator(pipeline, words.data[0], ax=ax)
    if name == "ComparisonDisplay":
        return display.ComparisonDisplay({"a": [0.9, 0.8], "b": [0.7, 0.8]}, {"b": 0.2}).plot(ax=ax)
    if name == "AlignmentDisplay":
        return display.AlignmentDisplay.from_estimator(transcriber[0], transcriber[1].data[0], ax=ax)
    if name == "SpeakerLearningCurveDisplay":
        quick = Pipeline([MelFeatures(), FrameStatistics(), LogisticRegression(max_iter=1000)])
        return display.SpeakerLearningCurveDisplay.from_estimator(
            quick, words.data, words.target, words.groups, n_splits=2, random_state=0, ax=ax
        )
    spotter = WordSpotter(pipeline, threshold=0.5)
    recording, events = stream(words)
    if name == "TimelineDisplay":
        return display.TimelineDisplay.from_estimator(spotter, recording, events, ax=ax)
    return display.DetectionCurveDisplay.from_estimator(spotter, [recording], [events], ax=ax)


@pytest.mark.parametrize("is_given", [False, True])
@pytest.mark.parametrize("name", display.__all__)
def test_draws(name, is_given, words, pipeline, transcriber):
    ax = pyplot.subplots()[1] if is_given else None
    drawn = draw(name, words, pipeline, transcriber, ax)
    assert (drawn.ax_ is ax) == is_given
    assert drawn.figure_ is drawn.ax_.figure
    drawn.figure_.canvas.draw()
    labelled = [*drawn.ax_.child_axes, drawn.ax_]
    assert any(axes.get_xlabel() for axes in labelled)
    assert any(axes.get_ylabel() or len(axes.get_yticklabels()) for axes in labelled)


def test_spectrogram_is_what_the_network_is_given(words, pipeline):
    drawn = display.SpectrogramDisplay.from_estimator(pipeline, words.data[0])
    np.testing.assert_array_equal(drawn.spectrogram, pipeline[0].transform(words.data[:1])[0])
    (mesh,) = [c for c in drawn.ax_.collections if hasattr(c, "get_array")]
    np.testing.assert_array_equal(np.ravel(mesh.get_array()), drawn.spectrogram.T.ravel())
    assert drawn.ax_.get_xlim()[1] == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(
    ("estimator", "ylabel"), [(None, "Hz"), (MelFeatures(n_mels=20), "Hz"), (MFCCFeatures(), "coefficient")]
)
def test_spectrogram_of_a_front_end(words, estimator, ylabel):
    assert display.SpectrogramDisplay.from_estimator(estimator, words.data[0]).ax_.get_ylabel() == ylabel


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda p, x: display.SpectrogramDisplay.from_estimator(AudioLoader(), x), "MelFeatures or MFCCFeatures, got"),
        (lambda p, x: display.SpectrogramDisplay.from_estimator(SpeechCNN(), x), "pipeline that begins with features"),
        (lambda p, x: display.TrainingCurveDisplay.from_estimator(p, metric="f1"), "metric must be one of"),
        (lambda p, x: display.OcclusionDisplay.from_estimator(p, x, label="maybe"), "label must be one of"),
        (lambda p, x: display.AlignmentDisplay.from_estimator(p, x), "of a transcriber, got SpeechCNN"),
        (lambda p, x: display.DetectionCurveDisplay.from_estimator(WordSpotter(p), [x], [[]]), "has no word"),
    ],
    ids=["loader", "network", "metric", "label", "classifier", "no word"],
)
def test_refused(words, pipeline, make, text):
    with pytest.raises(ValueError, match=text):
        make(pipeline, words.data[0])


def test_training_curve_of_a_search(words, features):
    network = SpeechCNN(stem=(8,), filters=(8,), epochs=2, random_state=0)
    search = GridSearchCV(Pipeline([MelFeatures(), network]), {"speechcnn__dropout": [0.1]}, cv=2)
    drawn = display.TrainingCurveDisplay.from_estimator(search.fit(words.data, words.target))
    assert len(drawn.ax_.get_lines()[0].get_xdata()) == 2


def test_reliability_counts_every_clip_once():
    random = np.random.default_rng(0)
    proba = random.dirichlet([1, 1, 1], size=200)
    y = random.integers(3, size=200)
    drawn = display.ReliabilityDisplay.from_predictions(y, proba, labels=[0, 1, 2])
    assert drawn.n_clips.sum() == 200
    assert drawn.error == expected_calibration_error(y, proba, labels=[0, 1, 2], n_bins=10)
    gaps = drawn.n_clips * np.abs(np.nan_to_num(drawn.confidence - drawn.accuracy))
    assert gaps.sum() / 200 == pytest.approx(drawn.error)


def test_speakers_of_sentences_have_word_error_rates():
    said, heard = ["a b", "a b", "c d"], ["a b", "a x", "c d"]
    drawn = display.SpeakerScoreDisplay.from_predictions(said, heard, ["ada", "ada", "bo"], is_text=True)
    assert drawn.speakers.tolist() == ["ada", "bo"]
    assert drawn.scores.tolist() == [0.25, 0.0]


def test_occlusion_finds_what_a_decision_rests_on():
    """A classifier that looks at one band alone."""

    class Band(LogisticRegression):
        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def predict_proba(self, X):
            loud = 1 / (1 + np.exp(-0.1 * (X[:, :, 20:24].mean(axis=(1, 2)) + 20)))
            return np.stack([1 - loud, loud], axis=1)

    time = np.arange(16_000) / 16_000
    tone = (0.5 * np.sin(2 * np.pi * 1500 * time)).astype(np.float32)  # in mel bands 20 to 23
    band = Pipeline([MelFeatures(duration=1.0), Band()]).fit([tone, tone], ["no", "yes"])
    drawn = display.OcclusionDisplay.from_estimator(band, tone, label="yes")
    by_band = drawn.importance.mean(axis=0)
    assert 16 <= int(by_band.argmax()) <= 27
    assert by_band[:8].max() < 0.1 * by_band.max()


def test_detection_curve_marks_the_threshold(words, pipeline):
    recording, events = stream(words)
    spotter = WordSpotter(pipeline, max_false_alarms_per_hour=100).fit([recording], [events])
    drawn = display.DetectionCurveDisplay.from_estimator(spotter, [recording], [events])
    scores = spotter.scores_
    i = int(np.abs(drawn.thresholds - drawn.threshold).argmin())
    assert drawn.miss_rates[i] == pytest.approx(scores.miss_rate)
    assert drawn.false_alarms_per_hour[i] == pytest.approx(scores.false_alarms_per_hour)


def test_more_speakers_than_there_are(words):
    with pytest.raises(ValueError, match="n_speakers must be from 1 to 3"):
        display.SpeakerLearningCurveDisplay.from_estimator(
            Pipeline([MelFeatures(), FrameStatistics(), LogisticRegression()]),
            words.data,
            words.target,
            words.groups,
            n_speakers=[5],
        )
