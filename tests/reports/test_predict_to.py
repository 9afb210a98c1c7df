"""Tables of predictions: whole, resumed, with the faults of recordings that cannot be read."""

import csv
import sys

import pytest
from sklearn.linear_model import LogisticRegression

from sklspeech import AudioWarning, FrameStatistics, MelFeatures, Pipeline, SpeechTranscriber, datasets, predict_to
from sklspeech.reports.predict_to import _hear

MODULE = sys.modules["sklspeech.reports.predict_to"]


@pytest.fixture(scope="module")
def pipeline(words):
    return Pipeline([MelFeatures(), FrameStatistics(), LogisticRegression(max_iter=1000)]).fit(words.data, words.target)


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch):
    monkeypatch.setattr(MODULE, "_AT_ONCE", 8)


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_labels(pipeline, words, tmp_path, n_jobs):
    assert predict_to(pipeline, words.data, tmp_path / "a.csv", n_jobs=n_jobs) == []
    rows = read(tmp_path / "a.csv")
    assert [row["path"] for row in rows] == words.data.tolist()
    assert [row["label"] for row in rows] == pipeline.predict(words.data).tolist()
    assert [float(row["probability"]) for row in rows] == pytest.approx(
        pipeline.predict_proba(words.data).max(axis=1), abs=1e-6
    )
    assert not list(tmp_path.glob("*.unfinished"))


def test_sentences(tmp_path):
    speech = datasets.make_spoken_sentences(["yes", "no"], n_speakers=2, n_takes=5, folder=tmp_path, random_state=0)
    network = SpeechTranscriber(units="word", width=8, n_layers=1, epochs=1, random_state=0)
    pipeline = Pipeline([MelFeatures(duration=None), network]).fit(speech.data, speech.target)
    predict_to(pipeline, speech.data, tmp_path / "a.csv")
    assert [row["text"] for row in read(tmp_path / "a.csv")] == pipeline.predict(speech.data).tolist()


def test_parquet(pipeline, words, tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    predict_to(pipeline, words.data, tmp_path / "a.parquet")
    assert pandas.read_parquet(tmp_path / "a.parquet")["label"].tolist() == pipeline.predict(words.data).tolist()


def test_bad_recordings_have_rows(pipeline, words, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    paths = [*words.data[:10], str(tmp_path / "bad.wav"), str(tmp_path / "missing.wav"), *words.data[10:12]]
    with pytest.warns(AudioWarning, match=r"2 of 14 recordings cannot be read: .*bad\.wav.*missing\.wav"):
        failed = predict_to(pipeline, paths, tmp_path / "a.csv")
    assert [path for path, _ in failed] == paths[10:12]
    rows = read(tmp_path / "a.csv")
    assert [row["path"] for row in rows] == paths
    assert [bool(row["error"]) for row in rows] == [False] * 10 + [True] * 2 + [False] * 2


@pytest.mark.parametrize("cut", [0, 7], ids=["between rows", "within a row"])
def test_interrupted_table_goes_on(pipeline, words, tmp_path, monkeypatch, cut):
    calls = []

    def hear(estimator, paths):
        calls.append(len(paths))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return _hear(estimator, paths)

    monkeypatch.setattr(MODULE, "_hear", hear)
    with pytest.raises(KeyboardInterrupt):
        predict_to(pipeline, words.data, tmp_path / "a.csv")
    unfinished = tmp_path / "a.csv.unfinished"
    unfinished.write_bytes(unfinished.read_bytes()[: -cut or None])
    predict_to(pipeline, words.data, tmp_path / "a.csv")
    assert sum(calls[3:]) == 60 - 16 + bool(cut)
    assert [row["label"] for row in read(tmp_path / "a.csv")] == pipeline.predict(words.data).tolist()


@pytest.mark.parametrize("name", ["a.txt", "a"])
def test_endings(pipeline, words, tmp_path, name):
    with pytest.raises(ValueError, match=r"must end in \.csv or \.parquet"):
        predict_to(pipeline, words.data, tmp_path / name)


def test_an_unfinished_table_of_others_is_left_alone(pipeline, words, tmp_path):
    (tmp_path / "a.csv.unfinished").write_text("path,label,probability,error\nother.wav,yes,0.9,\n")
    with pytest.raises(ValueError, match="of other recordings"):
        predict_to(pipeline, words.data, tmp_path / "a.csv")
