"""sklspeech spot and listen, and predict with a threshold, as a person types them."""

import io
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import joblib
import numpy as np
import pytest
import soundfile
from loudness import Loudness

from sklspeech import AudioLoader, Pipeline, WordSpotter
from sklspeech.app import cli

RATE = 16_000


@pytest.fixture
def model(tmp_path):
    pipeline = Pipeline([AudioLoader(duration=0.5), Loudness()]).fit([np.ones(8000)] * 2, ["other", "word"])
    joblib.dump(pipeline, tmp_path / "model.joblib")
    joblib.dump(WordSpotter(pipeline, labels=["word"], threshold=0.6), tmp_path / "spotter.joblib")
    return tmp_path


@pytest.fixture
def recording(model):
    sound = np.random.default_rng(0).normal(0, 0.003, 6 * RATE)
    for second in (1, 4):
        sound[second * RATE :][: RATE // 2] = 0.5 * np.sin(np.arange(RATE // 2))
    soundfile.write(model / "long.wav", sound, RATE)
    return model / "long.wav"


def run(*argv, capsys=None):
    code = cli.main(list(map(str, argv)))
    return code, capsys.readouterr()


@pytest.mark.parametrize("name", ["model.joblib", "spotter.joblib"])
def test_spot(model, recording, name, capsys):
    threshold = ["--threshold", "0.6"] if name == "model.joblib" else []
    code, printed = run("spot", model / name, recording, *threshold, "--json", capsys=capsys)
    found = [json.loads(line) for line in printed.out.splitlines()]
    words = [hit for hit in found if hit["label"] == "word"]
    assert code == 0
    assert [(hit["start"] + hit["end"]) / 2 for hit in words] == pytest.approx([1.25, 4.25], abs=0.1)
    assert all(hit["file"] == str(recording) and hit["score"] > 0.6 for hit in words)


def test_forms(model, recording, capsys):
    spotter = model / "spotter.joblib"
    _, printed = run("spot", spotter, recording, capsys=capsys)
    lines = [line.split("\t") for line in printed.out.splitlines()]
    assert [(line[0], line[3]) for line in lines] == [(str(recording), "word")] * 2
    _, printed = run("spot", spotter, recording, "--audacity", capsys=capsys)
    tracks = [line.split("\t") for line in printed.out.splitlines()]
    assert [track[2] for track in tracks] == ["word", "word"]
    assert float(tracks[0][0]) < 1.25 < float(tracks[0][1])
    _, printed = run("spot", spotter, recording, "--srt", capsys=capsys)
    blocks = printed.out.strip().split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == ["1", "2"]
    assert blocks[0].splitlines()[1].startswith("00:00:01,") or blocks[0].splitlines()[1].startswith("00:00:00,")
    assert " --> " in blocks[0]


def test_raw_samples_from_stdin(model, recording, capsys, monkeypatch):
    samples, _ = soundfile.read(recording, dtype="int16")
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(samples.astype("<i2").tobytes())))
    code, printed = run("spot", model / "spotter.joblib", "-", capsys=capsys)
    assert (code, len(printed.out.splitlines())) == (0, 2)


def test_a_bad_file_does_not_end_it(model, recording, capsys):
    code, printed = run("spot", model / "spotter.joblib", "missing.wav", recording, capsys=capsys)
    assert code == 1
    assert len(printed.out.splitlines()) == 2
    assert "missing.wav: does not exist" in printed.err


def test_a_reader_who_has_seen_enough(model, recording):
    code = "import sys; from sklspeech.app.cli import main; sys.exit(main(sys.argv[1:]))"
    argv = ["spot", str(model / "spotter.joblib"), *[str(recording)] * 20]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}  # where the class of the model is
    command = [sys.executable, "-c", code, *argv]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert b"word" in process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read().decode()
    assert "roken pipe" not in said
    assert "Traceback" not in said


def test_listen(model, recording, capsys, monkeypatch):
    sound, _ = soundfile.read(recording, dtype="float32")

    class InputStream:
        def __init__(self, rate, n_samples, device, n_channels, dtype, callback):
            self._callback, self._n = callback, n_samples

        def __enter__(self):
            for start in range(0, len(sound), self._n):
                self._callback(sound[start : start + self._n, None], self._n, None, None)
            self._callback(np.array([[np.nan]], np.float32), 1, None, None)

        def __exit__(self, *error):
            pass

    module = types.SimpleNamespace(InputStream=InputStream, PortAudioError=RuntimeError, __spec__=object())
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    code, printed = run("listen", model / "spotter.joblib", "--json", capsys=capsys)
    assert [json.loads(line)["label"] for line in printed.out.splitlines()] == ["word", "word"]
    assert code == 1
    assert "microphone: has NaN" in printed.err


def test_predict_of_a_folder_and_with_a_threshold(model, tmp_path, capsys):
    folder = tmp_path / "clips"
    folder.mkdir()
    for name, level in (("a.wav", 0.9), ("b.wav", 0.235)):
        soundfile.write(folder / name, level * np.sin(np.arange(8000)), RATE)
    code, printed = run("predict", model / "model.joblib", folder, "--threshold", "0.8", capsys=capsys)
    lines = [line.split("\t") for line in printed.out.splitlines()]
    assert code == 0
    assert [line[1] for line in lines] == ["word", "unknown"]
    assert float(lines[1][2]) < 0.8
    _, printed = run("predict", model / "model.joblib", folder, "--json", "--threshold", "0.8", capsys=capsys)
    assert [json.loads(line)["label"] for line in printed.out.splitlines()] == ["word", "unknown"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["spot", "spotter.joblib", "long.wav", "long.wav", "--srt"], "are for one recording, got 2"),
        (["predict", "spotter.joblib", "long.wav"], "holds WordSpotter: use sklspeech spot"),
        (["spot", "model.joblib", "empty"], "there is no recording in"),
        (["spot", "spotter.joblib", "long.wav", "--threshold", "2"], "'threshold' parameter"),
    ],
    ids=str,
)
def test_errors(model, recording, argv, message, capsys):
    (model / "empty").mkdir()
    argv = [model / word if "." in word or word == "empty" else word for word in argv]
    code, printed = run(*argv, capsys=capsys)
    assert code == 1
    assert message in printed.err
