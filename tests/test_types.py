"""What a type checker says of the public names and of the README."""

import os
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


def mypy(path, folder):
    """Exit status of mypy, and what it says."""
    command = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", "--cache-dir", folder, path]
    # An editable installation is nothing that mypy follows.
    environment = os.environ | {"MYPYPATH": str(ROOT)}
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    return run.returncode, run.stdout


@pytest.mark.parametrize("make", [lambda folder: PUBLIC_NAMES, readme], ids=["public names", "README"])
def test_mypy_finds_no_fault(make, tmp_path):
    status, said = mypy(make(tmp_path), tmp_path)
    assert status == 0, said


def test_every_public_name_is_used():
    used = set(re.findall(r"\w+", PUBLIC_NAMES.read_text(encoding="utf-8")))
    assert set(sklspeech.__all__) <= used


def test_mypy_finds_faults(tmp_path):
    """It reads the signatures, and takes nothing for Any."""
    wrong = {
        "from sklspeech import SpeechCNNN": "no attribute",
        "from sklspeech import MelFeatures; MelFeatures(n_mels='40')": "incompatible type",
        "from sklspeech import SpeechCNN; SpeechCNN(filters='16')": "incompatible type",
    }
    path = tmp_path / "wrong.py"
    path.write_text("\n".join(wrong))
    _, said = mypy(path, tmp_path)
    for line, fault in enumerate(wrong.values(), 1):
        assert re.search(rf"wrong\.py:{line}: error: .*{fault}", said), said
