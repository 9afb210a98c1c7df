"""What a type checker says of the public names and of the README."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import sklspeech

ROOT = Path(__file__).parents[1]
PUBLIC_NAMES = ROOT / "tests" / "typing" / "public_names.py"


def readme(folder):
    """The README's code as one module."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    path = folder / "readme.py"
    path.write_text("\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL)), encoding="utf-8")
    return path


@pytest.mark.parametrize("make", [lambda folder: PUBLIC_NAMES, readme], ids=["public names", "README"])
def test_mypy_finds_no_fault(make, tmp_path):
    command = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", make(tmp_path)]
    run = subprocess.run([*command, "--cache-dir", tmp_path], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stdout


def test_every_public_name_is_used():
    used = set(re.findall(r"\w+", PUBLIC_NAMES.read_text(encoding="utf-8")))
    assert set(sklspeech.__all__) <= used


@pytest.mark.parametrize("wrong", ["SpeechCNNN", "MelFeatures(n_melss=3)", "SpeechCNN(filters='16')"])
def test_mypy_finds_a_fault(wrong, tmp_path):
    """It reads the signatures, and takes nothing for Any."""
    path = tmp_path / "wrong.py"
    name = re.match(r"\w+", wrong)[0]
    path.write_text(f"from sklspeech import {name}\n{wrong}\n")
    command = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", path]
    run = subprocess.run([*command, "--cache-dir", tmp_path], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 1, run.stdout
