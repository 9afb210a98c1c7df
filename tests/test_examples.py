"""The code of the README and of the guide runs from top to bottom, in a folder that holds what it names."""

import re
import shutil
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import soundfile

from sklspeech.audio import fit_length, read_waveform
from sklspeech.datasets import make_spoken_sentences, make_spoken_words
from sklspeech.recognizers import auto

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ENGLISH, KOREAN = (ROOT / "docs" / "tutorial" / f"{language}.md" for language in ("english", "korean"))
PAGES = [page for page in PAGES if "```python" in page.read_text(encoding="utf-8") and page != KOREAN]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Recordings, noise and a new clip; and as few epochs as can be."""
    words = make_spoken_words(["yes", "no"], n_speakers=4, n_takes=4, folder=tmp_path / "recordings", random_state=0)
    for path in words.data:  # of one length, so that folds share networks that are traced once
        soundfile.write(path, fit_length(read_waveform(path), 9600), 16_000)
    shutil.copy(words.data[0], tmp_path / "new.wav")
    make_spoken_sentences(["yes", "no"], n_speakers=4, n_takes=6, folder=tmp_path / "sentences", random_state=0)
    make_spoken_words(["stop"], n_speakers=4, n_takes=4, folder=tmp_path / "background", random_state=0)
    (tmp_path / "noise").mkdir()
    soundfile.write(tmp_path / "noise" / "room.wav", np.random.default_rng(0).normal(0, 0.1, 16000), 16000)
    monkeypatch.chdir(tmp_path)
    for name in ("MAX_EPOCHS", "MAX_SENTENCE_EPOCHS"):
        monkeypatch.setattr(auto, name, 2)
    mpl.use("agg")
    return tmp_path


def blocks(page):
    """The Python code of a page."""
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_code_of_a_page_runs(folder, page):
    names: dict = {}
    for block in blocks(page):
        exec(compile(block, page.name, "exec"), names)


def test_pages_are_found():
    assert len(PAGES) >= 8
    assert sum(len(blocks(page)) for page in PAGES) > 30


def test_korean_page_has_the_code_of_the_english_one():
    """But for comments."""
    codes = [[re.sub(r"  # .*", "", block) for block in blocks(page)] for page in (ENGLISH, KOREAN)]
    assert codes[0] == codes[1]
