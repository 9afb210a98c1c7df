"""Tables of predictions: whole, resumed, with the faults of recordings that cannot be read."""

import csv
import os
import shutil
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklspeech import (
    AudioWarning,
    FrameStatistics,
    MelFeatures,
    Pipeline,
    RejectOption,
    SpeechTranscriber,
    datasets,
    predict_to,
)
from sklspeech.reports.predict_to import _hear

MODULE = sys.modules["sklspeech.reports.predict_to"]


@pytest.fixture(scope="module")
def pipeline(words):
    return Pipeline([MelFeatures(), FrameStatistics(), LogisticRegression(max_iter=1000)]).fit(words.data, words.target)


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch):
    monkeypatch.setattr(MODULE, "_RECORDINGS", 8)


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
    (unfinished,) = tmp_path.glob("*.unfinished")
    unfinished.write_bytes(unfinished.read_bytes()[: -cut or None])
    predict_to(pipeline, words.data, tmp_path / "a.csv")
    assert sum(calls[3:]) == 60 - 16 + bool(cut)
    assert [row["label"] for row in read(tmp_path / "a.csv")] == pipeline.predict(words.data).tolist()


@pytest.mark.parametrize("name", ["a.txt", "a"])
def test_endings(pipeline, words, tmp_path, name):
    with pytest.raises(ValueError, match=r"must end in \.csv or \.parquet"):
        predict_to(pipeline, words.data, tmp_path / name)


def test_tables_of_others_are_left_alone(pipeline, words, tmp_path, monkeypatch):
    def interrupt(estimator, paths):
        raise KeyboardInterrupt

    other = Pipeline([MelFeatures(), FrameStatistics(), LogisticRegression(C=1e-4)]).fit(words.data, words.target)
    monkeypatch.setattr(MODULE, "_hear", interrupt)
    for estimator, paths in ((other, words.data), (pipeline, words.data[:9])):
        with pytest.raises(KeyboardInterrupt):
            predict_to(estimator, paths, tmp_path / "a.csv")
    for unfinished in tmp_path.glob("*.unfinished"):
        unfinished.write_bytes(b"")  # as when it was killed at once
    monkeypatch.setattr(MODULE, "_hear", _hear)
    predict_to(pipeline, words.data, tmp_path / "a.csv")
    assert [row["label"] for row in read(tmp_path / "a.csv")] == pipeline.predict(words.data).tolist()
    assert len(list(tmp_path.glob("*.unfinished"))) == 2


def test_odd_names(pipeline, words, tmp_path):
    names = [b"a\xff.wav", b'b,"c".wav', b"d\re.wav"]
    paths = []
    for name in names:
        paths.append(os.path.join(os.fsencode(tmp_path), name))
        shutil.copy(words.data[0], paths[-1])
    assert predict_to(pipeline, paths, tmp_path / "a.csv") == []
    content = (tmp_path / "a.csv").read_bytes()
    assert all(name.replace(b'"', b'""') in content for name in names)


def test_rejected_words_have_a_probability(words, tmp_path):
    rejecting = RejectOption(LogisticRegression(), random_state=0)
    pipeline = Pipeline([MelFeatures(), FrameStatistics(), rejecting])
    pipeline.fit(words.data, np.where(words.target == "stop", "unknown", words.target))
    pipeline[-1].threshold_ = 2.0  # everything is rejected
    predict_to(pipeline, words.data, tmp_path / "a.csv")
    rows = read(tmp_path / "a.csv")
    assert {row["label"] for row in rows} == {"unknown"}
    assert all(float(row["probability"]) > 0 for row in rows)
