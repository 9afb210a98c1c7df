"""Who must never import what, in a fresh process."""

import subprocess
import sys

import pytest

HEAVY = {"tensorflow", "keras", "scikeras", "librosa", "matplotlib"}
POSTPONED = {"scipy.stats", "scipy.stats._stats_py", "pandas"}  # see _sklearn_import.py
RULES = {
    "sklspeech": HEAVY | {"sklearn", "numpy"},
    "sklspeech.spectral": HEAVY | {"sklearn", "soundfile", "soxr", "joblib"},
    "sklspeech._runtime.threads": HEAVY,
    "sklspeech.audio": HEAVY,
    "sklspeech.features": HEAVY,
    "sklspeech.compose.augmented": HEAVY,
    "sklspeech.metrics": HEAVY,
    "sklspeech.frozen": HEAVY | {"onnx", "tf2onnx", "onnxruntime"},
    "sklspeech.frozen.archive": HEAVY | POSTPONED | {"onnx", "tf2onnx", "onnxruntime"},
    "sklspeech.deploy": HEAVY | {"onnx", "tf2onnx", "onnxruntime"},
    "sklspeech.compose.pipeline": HEAVY | POSTPONED,
    "sklspeech.datasets": HEAVY,
    "sklspeech.app.cli": HEAVY,
    "sklspeech.networks": {"scikeras", "librosa"},  # with it layers and optimizers; Keras itself loads scikit-learn
    "sklspeech.recognizers.classifiers": {"librosa"},
}


@pytest.mark.parametrize("module", RULES)
def test_module_does_not_load(module):
    code = f"import sys, {module}; print(*sys.modules, *(name.split('.')[0] for name in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not RULES[module] & set(run.stdout.split())


def test_only_one_module_knows_scikeras():
    from pathlib import Path

    import sklspeech

    sources = Path(sklspeech.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if "from scikeras" in path.read_text(encoding="utf-8")] == ["_scikeras.py"]
