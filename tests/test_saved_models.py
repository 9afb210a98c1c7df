"""Models that earlier versions saved load and predict as they did, for good; tests/data/make.py wrote them."""

import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from data.make import read_clips

from sklspeech import load

DATA = Path(__file__).parent / "data"
MODELS = sorted(path for ending in ("joblib", "sklspeech") for path in DATA.rglob(f"*.{ending}"))


def expected(path):
    return np.load(path.with_name(path.stem.removesuffix("_frozen")).with_suffix(".npy"))


def test_there_are_models_of_every_kind():
    assert {path.suffix for path in MODELS} == {".joblib", ".sklspeech"}
    assert len(MODELS) >= 16


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.relative_to(DATA).as_posix())
def test_saved_model_gives_what_it_gave(path):
    clips = read_clips(path.parent)
    model = load(path) if path.suffix == ".sklspeech" else joblib.load(path)
    got = model.predict_proba(clips) if hasattr(model, "predict_proba") else model.transform(clips)
    np.testing.assert_allclose(got, expected(path), atol=1e-4)


IN_A_FRESH_PROCESS = """
import sys
import joblib
for path in sys.argv[1:]:
    joblib.load(path)
    print(path)
"""


def test_saved_models_load_in_a_fresh_process():
    """Where nothing else has imported the modules of their classes."""
    paths = [str(path) for path in MODELS if path.suffix == ".joblib"]
    run = subprocess.run([sys.executable, "-c", IN_A_FRESH_PROCESS, *paths], capture_output=True, text=True, check=True)
    assert run.stdout.split() == paths
