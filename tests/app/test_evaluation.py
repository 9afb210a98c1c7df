"""The commands that measure: evaluate, compare, check, train --cv."""

import json
import shutil

import pytest

from sklspeech.app import cli
from sklspeech.app.evaluation import folds_of

PATTERN = r"(?P<label>\w+)/(?P<speaker>\w+?)_"


@pytest.fixture(scope="module")
def root(words):
    return words.data[0].rsplit("/", 2)[0]


@pytest.fixture(scope="module")
def model(root, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model.joblib"
    argv = ["train", root, "-o", str(path), "--pattern", PATTERN, "--epochs", "8", "--seed", "0"]
    assert cli.main(argv) == 0
    return str(path)


def test_evaluate_writes_json_picture_and_page(model, root, tmp_path, capsys):
    picture, page = tmp_path / "confusion.png", tmp_path / "errors.html"
    options = ["--json", "--confusion", str(picture), "--report", str(page)]
    assert cli.main(["evaluate", model, root, "--pattern", PATTERN, *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["by_speaker"]) == {"s00", "s01", "s02", "s03"}
    assert found["accuracy"] == pytest.approx(sum(found["by_speaker"].values()) / 4)
    assert found["by_label"]["yes"]["support"] == 20
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "Which clips are wrong" in page.read_text(encoding="utf-8")


def test_train_with_cross_validation(root, tmp_path, capsys):
    path = tmp_path / "model.joblib"
    argv = ["train", root, "-o", str(path), "--pattern", PATTERN, "--epochs", "1", "--seed", "0", "--cv", "groups"]
    assert cli.main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if "  of 15" in line] == ["s00", "s01", "s02", "s03"]
    assert any(line.startswith("cross-validation: 0.") for line in lines)
    assert path.exists()


def test_compare(root, tmp_path, capsys):
    plot = tmp_path / "plot.png"
    argv = ["compare", root, "--pattern", PATTERN, "--features", "mel", "mfcc", "--network", "cnn", "--epochs", "1"]
    assert cli.main([*argv, "--cv", "2", "--plot", str(plot)]) == 0
    out = capsys.readouterr().out
    assert "mel cnn" in out
    assert "mfcc cnn" in out
    assert plot.exists()


def test_check(root, tmp_path, capsys):
    assert cli.main(["check", root, "--pattern", PATTERN]) == 0
    assert "no faults" in capsys.readouterr().out
    for name in ("yes", "no"):
        (tmp_path / name).mkdir()
    shutil.copy(f"{root}/yes/s00_0.wav", tmp_path / "yes" / "a.wav")
    shutil.copy(f"{root}/yes/s00_0.wav", tmp_path / "no" / "b.wav")
    assert cli.main(["check", str(tmp_path)]) == 1
    assert "two labels" in capsys.readouterr().out
    assert cli.main(["check", str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["fault"] == "two labels"


@pytest.mark.parametrize(
    ("text", "groups", "message"),
    [("groups", None, "leaves out speakers"), ("1", None, "number of folds from 2"), ("many", None, "or a number")],
)
def test_wrong_folds(text, groups, message):
    with pytest.raises(ValueError, match=message):
        folds_of(text, groups)
