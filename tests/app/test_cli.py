"""The command line as a person types it."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time

import joblib
import numpy as np
import onnxruntime
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier

from sklspeech import AudioLoader, FrameStatistics, MFCCFeatures, Pipeline
from sklspeech.app import cli


@pytest.fixture(scope="module")
def model(words, tmp_path_factory):
    """A model, and the folder it was trained on."""
    path = tmp_path_factory.mktemp("model") / "model.joblib"
    root = words.data[0].split("/yes/")[0]
    pattern = r"(?P<label>\w+)/(?P<speaker>\w+)_"
    assert cli.main(["train", root, "-o", str(path), "--epochs", "20", "--seed", "0", "--pattern", pattern]) == 0
    return path, root, pattern


def test_train_by_default_passes_as_often_as_the_network_does(model, tmp_path, monkeypatch):
    _, root, pattern = model
    monkeypatch.setattr("sklspeech.recognizers.auto.MAX_EPOCHS", 1)
    assert cli.main(["train", root, "-o", str(tmp_path / "model.joblib"), "--pattern", pattern]) == 0
    assert joblib.load(tmp_path / "model.joblib")[-1].epochs == "auto"


def test_train_evaluate_predict(model, words, capsys):
    path, root, pattern = model
    assert cli.main(["evaluate", str(path), root, "--pattern", pattern]) == 0
    out = capsys.readouterr().out
    assert "accuracy by speaker" in out
    assert float(out.split()[-1]) > 0.7
    assert cli.main(["predict", str(path), *words.data[:3]]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == words.data[:3].tolist()
    assert {row[1] for row in rows} <= {"yes", "no", "stop"}
    assert all(0 < float(row[2]) <= 1 for row in rows)


def test_predict_goes_on_after_a_bad_file(model, words, tmp_path, capsys):
    (tmp_path / "empty.wav").touch()
    assert cli.main(["predict", str(model[0]), str(tmp_path / "empty.wav"), words.data[0]]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1
    assert "empty.wav: is empty" in captured.err


def test_predict_json(model, words, capsys):
    assert cli.main(["predict", str(model[0]), "--json", *words.data[:2]]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["file"] for row in rows] == words.data[:2].tolist()
    for row in rows:
        assert row["probabilities"][row["label"]] == row["probability"] == max(row["probabilities"].values())
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are UTF-8 there")
def test_names_that_are_no_utf8(model, words, tmp_path):
    path, frozen = tmp_path / "\udcff.wav", str(tmp_path / "frozen.sklspeech")
    shutil.copy(words.data[0], path)
    assert cli.main(["freeze", str(model[0]), "-o", frozen]) == 0
    command = [sys.executable, "-m", "sklspeech", "predict", frozen, path]
    done = subprocess.run([*command, "--json"], capture_output=True, check=True)
    assert json.loads(done.stdout)["file"] == str(path)
    assert b"\\udcff.wav\t" in subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize("ending", ["sklspeech", "joblib"])
def test_freeze_predict_info(model, words, tmp_path, capsys, ending):
    frozen = str(tmp_path / f"frozen.{ending}")
    assert cli.main(["freeze", str(model[0]), "-o", frozen]) == 0
    capsys.readouterr()
    assert cli.main(["predict", frozen, *words.data[:3]]) == 0
    from_frozen = capsys.readouterr().out
    assert cli.main(["predict", str(model[0]), *words.data[:3]]) == 0
    assert capsys.readouterr().out == from_frozen
    assert cli.main(["info", frozen]) == 0
    info = capsys.readouterr().out
    assert "3: no, stop, yes" in info
    assert "16000 Hz" in info
    assert ("kind         pickle" in info) == (ending == "joblib")


@pytest.mark.parametrize("command", ["info", "predict", "evaluate"])
def test_a_pickle_that_calls_itself_an_archive_is_not_run(model, words, tmp_path, capsys, command):
    path = tmp_path / "evil.sklspeech"
    path.write_bytes(pickle.dumps(Bomb()))
    assert cli.main([command, str(path), *([] if command == "info" else [words.data[0]])]) == 1
    captured = capsys.readouterr()
    assert "code was run" not in captured.out
    assert "looks like a pickle" in captured.err


@pytest.mark.parametrize("command", ["predict", "evaluate", "freeze", "export", "info"])
def test_a_pickle_is_announced_before_it_is_run(words, tmp_path, capfd, command):
    path = tmp_path / "model.joblib"
    joblib.dump(Bomb(), path)
    more = {"freeze": ["-o", f"{tmp_path}/m.sklspeech"], "export": ["-o", f"{tmp_path}/m.onnx"], "info": []}
    assert cli.main([command, str(path), *more.get(command, [words.data[0]])]) == 1
    captured = capfd.readouterr()
    assert "is a pickle: loading it runs what is in it" in captured.err
    assert "code was run" in captured.out


@pytest.mark.parametrize("name", ["evil.SKLSPEECH", "evil.SklSpeech"])
def test_upper_and_lower_case_decide_nothing(words, tmp_path, capsys, name):
    (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
    assert cli.main(["predict", str(tmp_path / name), words.data[0]]) == 1
    assert "code was run" not in capsys.readouterr().out


@pytest.mark.parametrize("target", ["/dev/null", "pipe", "folder"])
@pytest.mark.parametrize("command", ["train", "freeze"])
def test_what_is_no_file_is_not_written_to(model, tmp_path, capsys, target, command):
    path = tmp_path / "model.joblib"
    if target == "pipe":
        os.mkfifo(path)
    elif target == "folder":
        path.mkdir()
    else:
        path.symlink_to(target)
    first = [model[1], "--pattern", model[2], "--epochs", "1"] if command == "train" else [str(model[0])]
    assert cli.main([command, *first, "-o", str(path)]) == 1
    assert "no regular file" in capsys.readouterr().err or target == "folder"


ODD = "a\x1b[2Jb\nc\x9bd\u202e"


def test_control_characters_do_not_reach_the_terminal(words, tmp_path, capsys):
    y = np.where(words.target == "no", ODD, "yes")
    joblib.dump(
        Pipeline([MFCCFeatures(), FrameStatistics(), LogisticRegression(max_iter=5000)]).fit(words.data, y),
        tmp_path / "model.joblib",
    )
    clip = str(shutil.copy(words.data[words.target == "no"][0], tmp_path / f"{ODD}.wav"))
    for command in (["predict"], ["predict", "--json"], ["info"]):
        files = [] if command == ["info"] else [clip, f"nowhere {ODD}.wav"]
        cli.main([*command, str(tmp_path / "model.joblib"), *files])
        captured = capsys.readouterr()
        assert all(c.isprintable() or c in "\n\t" for c in captured.out + captured.err)
        assert "\\x1b[2J" in captured.out or "\\u001b[2J" in captured.out
        if "--json" in command:
            (row,) = captured.out.splitlines()
            assert (json.loads(row)["file"], json.loads(row)["label"]) == (clip, ODD)


@pytest.mark.skipif(os.name != "posix", reason="the signal is sent as on POSIX")
@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="a job in the background is not stopped")
@pytest.mark.parametrize("seconds", [0.3, 0.6, 1.0, 2.0])
def test_interrupted_in_its_first_seconds(model, words, seconds):
    command = [sys.executable, "-m", "sklspeech", "train", model[1], "-o", "/tmp/never.joblib", "--pattern", model[2]]
    # Where coverage is measured, its import would come before our first line.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "COVERAGE_"))}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=environment, **pipes)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    if process.returncode == -signal.SIGINT and "__main__.py" not in err:
        pytest.skip("the machine is so busy that the interpreter had not come to our first line yet")
    assert process.returncode == 130
    assert [line for line in err.splitlines() if "interrupted" in line or "Traceback" in line] == [
        "sklspeech: interrupted"
    ]


class Bomb:
    def __reduce__(self):
        return (print, ("code was run",))


def test_predict_keeps_a_threshold(words, tmp_path, capsys):
    y = np.where(words.target == "no", "no", "other")
    pipeline = Pipeline([MFCCFeatures(), FrameStatistics(), LogisticRegression(max_iter=5000)])
    fitted = FixedThresholdClassifier(pipeline, threshold=0.999999, pos_label="no").fit(words.data, y)
    joblib.dump(fitted, tmp_path / "model.joblib")
    assert cli.main(["predict", str(tmp_path / "model.joblib"), *words.data]) == 0
    labels = [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()]
    assert labels == fitted.predict(words.data).tolist()
    assert set(labels) == {"other"}


def test_export(model, words, tmp_path):
    path = tmp_path / "model.onnx"
    assert cli.main(["export", str(model[0]), "-o", str(path)]) == 0
    pipeline = joblib.load(model[0])
    waveforms = AudioLoader(duration=pipeline[0].duration_).fit_transform(words.data[:5])
    (probabilities,) = onnxruntime.InferenceSession(path).run(None, {"waveform": waveforms})
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(words.data[:5]), atol=1e-4)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["train", "nowhere", "-o", "m.joblib"], "nowhere is not a folder"),
        (["train", "{root}", "-o", "nowhere/m.joblib"], "nowhere/m.joblib cannot be written"),
        (["train", "{root}", "-o", "{root}"], "cannot be written"),
        (["train", "{root}", "-o", "m.joblib", "--pattern", "("], "no regular expression"),
        (["predict", "nowhere.joblib", "a.wav"], "nowhere.joblib does not exist"),
        (["predict", "{clip}", "a.wav"], "cannot be loaded as a model"),
        (["freeze", "{model}", "-o", "frozen.pkl"], "must end in .sklspeech or .joblib"),
        (["export", "{model}", "-o", "model.pb"], "must end in .onnx or .tflite"),
        (["info", "nowhere.joblib"], "nowhere.joblib does not exist"),
        (["evaluate", "{model}", "{parent}"], "labels that the model was not trained on"),
        (["evaluate", "{model}", "{root}", "--split", "test"], "needs a manifest"),
    ],
)
def test_errors_without_a_traceback(model, words, capsys, argv, message):
    path, root, _ = model
    values = {"root": root, "clip": words.data[0], "model": path, "parent": root.rsplit("/", 1)[0]}
    assert cli.main([arg.format(**values) for arg in argv]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("argv", [[], ["fly"], ["train", "x"], ["train", "x", "-o", "y", "--network", "mlp"]])
def test_wrong_usage_exits_with_2(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(argv)
    assert stop.value.code == 2


@pytest.mark.parametrize("command", ["demo", "train", "evaluate", "predict", "freeze", "export", "info"])
def test_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    assert stop.value.code == 0
    assert f"sklspeech {command}" in capsys.readouterr().out.split("examples:")[1]


def test_demo():
    """The README's first command."""
    run = subprocess.run([sys.executable, "-m", "sklspeech", "demo"], capture_output=True, text=True, check=True)
    accuracy = float(run.stdout.split("never heard: ")[1].split(" %")[0])
    assert accuracy >= 95
    assert run.stdout.count("loaded again") == 5
    assert "Traceback" not in run.stderr


@pytest.fixture(scope="module")
def sentences(tmp_path_factory):
    """A transcriber, and the folder it was trained on."""
    from sklspeech.datasets import make_spoken_sentences

    root = tmp_path_factory.mktemp("sentences")
    make_spoken_sentences(["yes", "no"], n_speakers=2, n_takes=12, folder=root / "speech", random_state=0)
    path, root = root / "model.joblib", root / "speech"
    arguments = ["train", str(root), "--text", "-o", str(path), "--epochs", "6", "--seed", "0"]
    assert cli.main([*arguments, "--language-model", "train"]) == 0
    return path, root


def test_sentences(sentences, tmp_path, capsys):
    path, root = sentences
    assert cli.main(["evaluate", str(path), str(root)]) == 0
    out = capsys.readouterr().out
    assert out.count("said:") == 5
    assert "character errors 0." in out
    assert 0 <= float(out.split()[-1]) < 1
    assert cli.main(["freeze", str(path), "-o", str(tmp_path / "m.sklspeech")]) == 0
    assert cli.main(["info", str(tmp_path / "m.sklspeech")]) == 0
    assert "symbols      6:  , e, n, o, s, y" in capsys.readouterr().out
    clips = [str(root / "s00_0.wav"), str(root / "s01_1.wav")]
    for model in (str(path), str(tmp_path / "m.sklspeech")):
        assert cli.main(["predict", model, *clips]) == 0
        rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        assert [row[0] for row in rows] == clips
        assert cli.main(["predict", model, "--words", *clips]) == 0
        words = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        assert [word[3] for word in words] == " ".join(row[1] for row in rows).split()
        assert all(float(word[1]) < float(word[2]) for word in words)
        assert cli.main(["predict", model, "--json", clips[0]]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["text"] == rows[0][1]
        assert [word["text"] for word in found["words"]] == found["text"].split()
    assert cli.main(["train", str(root), "-o", str(tmp_path / "m.joblib"), "--language-model", "train"]) == 1
    assert "--language-model is for --text" in capsys.readouterr().err


def test_words_of_labels(model, words, capsys):
    assert cli.main(["predict", str(model[0]), "--words", words.data[0]]) == 1
    assert "--words is for models of sentences" in capsys.readouterr().err
