"""Progress: shown where somebody watches, after a while, within 80 columns."""

import io
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from joblib import Parallel, delayed

from sklspeech._runtime import progress
from sklspeech._runtime.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    stream = Terminal()
    # Not sys.stderr itself, which pytest sets anew between a fixture and its test.
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream, modules=sys.modules))
    return stream


def run(delay=0.0):
    with Progress("features", 4, delay) as line:
        for i in range(4):
            time.sleep(0.11)  # the line changes ten times a second at most
            line.advance(detail=f"epoch {i + 1}/4, " + "loss 0.1, " * 20)


def test_the_line_is_shown_within_80_columns_and_taken_away(terminal):
    run()
    lines = [line.rstrip() for line in terminal.getvalue().split("\r")]
    assert any("75 %" in line and "epoch 3/4" in line for line in lines)
    assert max(map(len, lines)) < 80
    assert not lines[-1]


def test_short_work_shows_nothing(terminal):
    run(delay=3.0)
    assert terminal.getvalue().strip() == ""


def test_nothing_is_shown_where_nobody_watches(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not progress.is_watched()
    run()
    assert sys.stderr.getvalue() == ""


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_are_not_watched(terminal, backend):
    assert progress.is_watched()
    assert Parallel(2, backend=backend)(delayed(progress.is_watched)() for _ in range(2)) == [False, False]


@pytest.mark.parametrize(("level", "is_silent"), [(None, True), ("0", False)])
def test_tensorflow_s_greetings(level, is_silent):
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    if level is not None:
        environment["TF_CPP_MIN_LOG_LEVEL"] = level
    code = "import sklspeech.networks, keras; keras.ops.zeros(1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert (done.stderr == "") == is_silent


def test_work_within_work_is_shown_in_its_line(terminal):
    with Progress("fold 1 of 2", 2, 0.0) as outer:
        for i in range(2):
            with Progress("features", 3, 0.0) as inner:
                for _ in range(3):
                    time.sleep(0.11)
                    inner.advance(detail="some file")
            time.sleep(0.11)
            outer.advance(detail=f"fold {min(2, i + 2)} of 2")
    text = terminal.getvalue()
    assert "\n" not in text  # of one line
    assert "fold 1 of 2: some file" in text
    assert "fold 2 of 2: some file" in text
    assert not progress._open
