"""What is wrong with recordings, and with what is heard in them."""

import re

import numpy as np
import pytest
import soundfile
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.utils import Bunch

from sklspeech import (
    FrameStatistics,
    MelFeatures,
    MFCCFeatures,
    Pipeline,
    RejectOption,
    SpeechTranscriber,
    datasets,
    reports,
)
from sklspeech.reports.comparison import paired_p_value
from sklspeech.reports.dataset import find_spellings
from sklspeech.reports.errors import find_suspicious

RATE = 16_000
NOISE = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
CLASSIFIER = Pipeline([MelFeatures(), FrameStatistics(), LogisticRegression(max_iter=1000)])


def write(folder, name, samples, rate=RATE, subtype="FLOAT"):
    path = folder / f"{name}.wav"
    soundfile.write(path, samples, rate, subtype=subtype)
    return str(path)


FAULTY = {
    "fine": (lambda: NOISE, []),
    "silent": (lambda: np.zeros(RATE, np.float32), ["silent"]),
    "clipped": (lambda: np.clip(20 * NOISE, -1, 1), ["clipped"]),
    "offset": (lambda: NOISE + 0.3, ["offset"]),
    "short": (lambda: NOISE[:800], ["too short"]),
    "long": (lambda: np.tile(NOISE[::-1], 4), ["too long"]),
    "nan": (lambda: np.where(np.arange(RATE) == 5, np.nan, NOISE), ["not finite"]),
    "opposite": (lambda: np.stack([NOISE, -NOISE], axis=1), ["channels cancel"]),
    "empty": (lambda: NOISE[:0], ["empty"]),
}


@pytest.mark.parametrize("name", FAULTY)
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_fault_of_a_file(tmp_path, name, n_jobs):
    make, expected = FAULTY[name]
    paths = [write(tmp_path, "good", NOISE[1:]), write(tmp_path, name, make())]
    faults = reports.check_audio(paths, max_duration=3.0, n_jobs=n_jobs)
    assert faults["fault"].tolist() == expected
    assert set(faults["path"]) <= {paths[1]}


def test_faults_of_several_files(tmp_path):
    paths = [write(tmp_path, f"{i}", NOISE[i:]) for i in range(4)]
    paths += [write(tmp_path, "again", NOISE), write(tmp_path, "other", NOISE[1:]), write(tmp_path, "8k", NOISE, 8000)]
    (tmp_path / "text.wav").write_text("hello")
    paths.append(str(tmp_path / "text.wav"))
    labels = ["a", "b", "a", "b", "a", "a", "a", "a"]
    faults = reports.check_audio(
        paths, labels, groups=["x", "x", "y", "y", *"zzzz"], splits=["train", "test", *["train"] * 6]
    )
    found = [(path.rpartition("/")[2], fault) for path, fault in zip(faults["path"], faults["fault"], strict=True)]
    assert found == [
        ("0.wav", "in two splits"),
        ("1.wav", "in two splits"),
        ("again.wav", "duplicate"),
        ("other.wav", "two labels"),
        ("8k.wav", "other rate"),
        ("text.wav", "unreadable"),
    ]
    assert reports.check_audio(paths[:4])["fault"].tolist() == []


def test_clips_of_odd_audio_are_all_accounted_for(odd_audio):
    paths = sorted(str(path) for path in odd_audio.rglob("*") if path.is_file())
    faults = reports.check_audio(paths, n_jobs=2)
    assert set(faults["path"]) <= set(paths)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["yes", "no"], []),
        (["yes", "Yes", "no", "no "], [["Yes", "yes"], ["no", "no "]]),
        (["caf\u00e9", "cafe\u0301"], [["cafe\u0301", "caf\u00e9"]]),
    ],
    ids=["none", "case and blanks", "Unicode"],
)
def test_spellings(labels, expected):
    assert find_spellings(labels) == expected


def test_dataset_report(words):
    report = reports.dataset_report(words)
    assert report.labels["clips"].to_dict() == {"no": 20, "stop": 20, "yes": 20}
    assert report.speakers.to_numpy().sum() == 60
    assert report.clips["duration"].sum() == pytest.approx(report.labels["seconds"].sum())
    assert "60 recordings" in str(report)
    assert "no faults" in str(report)
    assert set(report.characters.index) == set("yesnotp")


def test_dataset_report_of_sentences(tmp_path):
    speech = datasets.make_spoken_sentences(["yes", "no"], n_speakers=2, n_takes=3, folder=tmp_path, random_state=0)
    report = reports.dataset_report(Bunch(data=speech.data, target=speech.target, groups=None))
    assert len(report.labels) == len(report.speakers) == 0
    assert report.characters[" "] > 0


@pytest.fixture(scope="module")
def mislabelled(words):
    """Labels of which two are wrong."""
    target = words.target.copy()
    target[[3, 44]] = [{"yes": "no", "no": "stop", "stop": "yes"}[label] for label in target[[3, 44]]]
    return target


def test_error_report_finds_wrong_labels(words, mislabelled):
    errors = reports.error_report(CLASSIFIER, words.data, mislabelled, words.groups, cv=4)
    assert {3, 44} <= set(errors.index)
    assert {3, 44} <= set(errors.index[errors["suspicious"]])
    assert (errors["true"] != errors["predicted"]).all()
    assert errors["probability_true"].is_monotonic_increasing
    assert errors.loc[3, "clip"] == words.data[3]
    assert errors.loc[3, "speaker"] == words.groups[3]


def test_folds_are_of_speakers(words, mislabelled):
    by_number = reports.error_report(CLASSIFIER, words.data, mislabelled, words.groups, cv=4)
    by_speaker = reports.error_report(CLASSIFIER, words.data, mislabelled, words.groups, cv=LeaveOneGroupOut())
    assert by_number.index.tolist() == by_speaker.index.tolist()  # of four speakers


@pytest.mark.parametrize("kind", ["labels", "sentences"])
def test_page_needs_nothing_else(tmp_path, words, mislabelled, kind):
    path = tmp_path / "errors.html"
    if kind == "labels":
        fitted = CLASSIFIER.fit(words.data, words.target)
        errors = reports.error_report(fitted, words.data, mislabelled, words.groups, page=path, n_shown=2)
    else:
        speech = datasets.make_spoken_sentences(["yes", "no"], n_speakers=2, n_takes=4, random_state=0)
        network = SpeechTranscriber(units="word", width=8, n_layers=1, epochs=1, random_state=0)
        fitted = Pipeline([MelFeatures(duration=None), network]).fit(speech.data, speech.target)
        errors = reports.error_report(fitted, speech.data, speech.target, speech.groups, page=path, n_shown=2)
        assert errors["word_error_rate"].is_monotonic_decreasing
    text = path.read_text(encoding="utf-8")
    assert text.count("<article>") == 2
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert len(sources) == 4
    assert all(source.startswith("data:") for source in sources)


def test_names_on_the_page_are_text(tmp_path, words):
    path = tmp_path / "errors.html"
    said = np.array(["<script>alert(1)</script>", *words.target[1:]])
    fitted = CLASSIFIER.fit(words.data, said)
    fitted[-1].coef_[:] = 0
    reports.error_report(fitted, words.data, said, page=path)
    assert "<script" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("probabilities", "own", "expected"),
    [
        ([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8]], [0, 0, 1, 1], [False] * 4),
        (
            [[0.9, 0.1], [0.9, 0.1], [0.05, 0.95], [0.1, 0.9], [0.1, 0.9]],
            [0, 0, 0, 1, 1],
            [False, False, True, False, False],
        ),
        ([[0.6, 0.4], [0.55, 0.45], [0.4, 0.6], [0.52, 0.48]], [0, 0, 1, 1], [False] * 4),
        ([[0.9, 0.1, np.nan], [0.7, 0.3, np.nan], [0.2, 0.8, np.nan], [0.5, 0.5, np.nan]], [0, 0, 1, 2], [False] * 4),
    ],
    ids=["all right", "one wrong", "unsure", "of a label that was not trained on"],
)
def test_suspicious(probabilities, own, expected):
    assert find_suspicious(np.array(probabilities), np.array(own)).tolist() == expected


def test_compare(words):
    rest = [FrameStatistics(), LogisticRegression(max_iter=1000)]
    candidates = {"mel": Pipeline([MelFeatures(), *rest]), "mfcc": Pipeline([MFCCFeatures(), *rest])}
    table = reports.compare(candidates, words.data, words.target, words.groups, cv=4)
    assert table["mean"].is_monotonic_decreasing
    assert np.isnan(table["p_value"].iloc[0])
    for _, row in table.iterrows():
        assert row["mean"] == pytest.approx(row["scores"].mean())
        assert row["worst_speaker_score"] == pytest.approx(row["scores"].min())  # of four speakers in four folds
        assert row["worst_speaker"] in words.groups
        assert 0 < row["size"] < 1
    with pytest.warns(UserWarning, match="on both sides of a fold"):
        reports.compare(candidates, words.data, words.target, words.groups, cv=[(np.arange(40), np.arange(40, 60))])
    with pytest.raises(ValueError, match="needs estimators"):
        reports.compare({}, words.data, words.target)


def test_corrected_test_is_less_sure_than_the_ordinary_one():
    differences = np.array([0.02, 0.03, 0.01, 0.04, 0.02])
    ordinary = stats.ttest_1samp(differences, 0).pvalue
    assert paired_p_value(differences, 0.0) == pytest.approx(ordinary)
    assert paired_p_value(differences, 0.25) > ordinary
    t = differences.mean() / np.sqrt((1 / 5 + 1 / 4) * differences.var(ddof=1))  # equation 12 of Nadeau and Bengio
    assert paired_p_value(differences, 0.25) == pytest.approx(2 * stats.t.sf(t, 4))
    assert paired_p_value(np.zeros(5), 0.25) == 1


def test_predictions_are_those_of_predict(words):
    """Which of a classifier that rejects are not its most probable labels."""
    rejecting = Pipeline([MelFeatures(), FrameStatistics(), RejectOption(LogisticRegression(), random_state=0)])
    y = np.where(words.target == "stop", "unknown", words.target)
    fitted = rejecting.fit(words.data, y)
    fitted[-1].threshold_ = 2.0
    errors = reports.error_report(fitted, words.data, y, words.groups)
    assert len(errors) == (fitted.predict(words.data) != y).sum() == 40
    assert set(errors["predicted"]) == {"unknown"}


def test_labels_of_a_series(words, tmp_path):
    pandas = pytest.importorskip("pandas")
    labels = pandas.Series(["yes", "no", "yes"], index=[7, 5, 6])
    faults = reports.check_audio([*words.data[:2], words.data[0]], labels)
    assert faults["fault"].tolist() == ["duplicate"]


def test_a_page_that_cannot_be_written_is_told_of_at_once(words, tmp_path):
    with pytest.raises(ValueError, match="lies in no folder"):
        reports.error_report(None, words.data, words.target, page=tmp_path / "nowhere" / "errors.html")
