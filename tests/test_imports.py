"""Who may import whom: one table, checked on the syntax tree; and what a few fresh processes load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sklspeech

ROOT = Path(sklspeech.__file__).parent

# What each part of the package may import of the others. Every line may name only what stands above it: no circles.
# "errors" may be imported by all, and so may the version and _runtime, which imports nothing of ours.
MAY_IMPORT = {
    "_runtime": set(),
    "errors": set(),
    "audio": set(),
    "spectral": set(),
    "features": {"audio", "spectral"},
    "pretrained": {"features", "spectral"},
    "networks": set(),
    "datasets": {"audio"},
    "text": {"features"},
    "metrics": {"text"},
    "recognizers": {"features", "spectral", "text", "networks"},
    "compose": {"features", "audio", "metrics"},
    "display": {"features", "metrics", "compose"},
    "reports": {"features", "audio", "metrics"},
    "frozen": {"features", "pretrained", "text", "metrics", "compose"},
    "deploy": {"features", "spectral", "text", "networks", "recognizers", "compose", "frozen"},
    "app": {
        "audio",
        "features",
        "compose",
        "datasets",
        "deploy",
        "display",
        "frozen",
        "metrics",
        "reports",
        "all public names",
    },
    "__main__": {"app"},
}
FOR_ALL = {"errors", "_runtime", "__version__"}

HEAVY = {"tensorflow", "keras", "scikeras", "librosa", "matplotlib", "pandas"}
# Libraries that a part may not import, not even inside a function.
MAY_NOT_USE = {
    "audio": HEAVY | {"sklearn"},
    "spectral": HEAVY | {"sklearn", "soundfile", "soxr", "joblib"},
    "features": HEAVY,
    "pretrained": HEAVY,
    "networks": {"sklearn", "scikeras", "librosa", "joblib"},
    "datasets": HEAVY,
    "text": HEAVY | {"sklearn", "scipy", "joblib"},
    "metrics": HEAVY,
    "compose": HEAVY - {"librosa"},  # its effects are asked for by a parameter
    "frozen": HEAVY | {"onnx", "tf2onnx"},
    "display": {"tensorflow", "keras", "scikeras", "pandas"},
    "reports": {"tensorflow", "keras", "scikeras", "librosa"},
    "recognizers": {"librosa", "onnx", "onnxruntime"},
    "deploy": {"librosa", "scikeras"},
}


def modules():
    """Every module with the part of the package that it belongs to."""
    for path in sorted(ROOT.rglob("*.py")):
        relative = path.relative_to(ROOT)
        part = relative.parts[0].removesuffix(".py")
        if part != "__init__":
            yield path, part


def imports(path):
    """Full names of what a module imports, anywhere in it: (module, name)."""
    package = ("sklspeech", *path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


def parts_of(path):
    """Parts of the package that a module imports."""
    for module, name in imports(path):
        names = module.split(".")
        if names[0] == "sklspeech":
            yield names[1] if len(names) > 1 else name or "all public names"


def test_table_has_every_part_and_no_arrow_up():
    assert {part for _, part in modules()} == set(MAY_IMPORT)
    above = list(MAY_IMPORT)
    for part, others in MAY_IMPORT.items():
        assert others - {"all public names"} <= set(above[: above.index(part)]), part


@pytest.mark.parametrize(("path", "part"), list(modules()), ids=lambda value: str(value).removeprefix(f"{ROOT}/"))
def test_module_imports_only_lower_floors(path, part):
    assert set(parts_of(path)) - {part} <= MAY_IMPORT[part] | FOR_ALL
    libraries = {module.split(".")[0] for module, _ in imports(path)}
    assert not libraries & MAY_NOT_USE.get(part, set())


def test_no_module_imports_itself_by_way_of_others():
    """Within a part as well."""
    names = {".".join(["sklspeech", *path.relative_to(ROOT).with_suffix("").parts]): path for path, _ in modules()}
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    arrows = {name: set() for name in names}
    for name, path in names.items():
        for module, inner in imports(path):
            target = f"{module}.{inner}" if f"{module}.{inner}" in names else module
            arrows[name] |= {target} & names.keys()
    while leaves := {name for name, targets in arrows.items() if not targets}:
        arrows = {name: targets - leaves for name, targets in arrows.items() if name not in leaves}
    assert not arrows


@pytest.mark.parametrize(
    ("library", "files"),
    [
        ("scikeras", {"recognizers/base.py"}),
        ("sklearn.utils._param_validation", {"_runtime/scikit_learn.py"}),
        ("sklearn.model_selection._search", {"_runtime/scikit_learn.py"}),
        ("pandas", {"reports/tables.py"}),
        ("librosa", {"compose/augmented.py", "display/spectrogram.py"}),
    ],
)
def test_one_file_knows_it(library, files):
    found = {
        path.relative_to(ROOT).as_posix()
        for path, _ in modules()
        if any(module == library or module.startswith(f"{library}.") for module, _ in imports(path))
    }
    assert found == files


PANDAS = {"pandas"}  # which scikit-learn loads where it is installed
FRESH = {  # code, and what it must not load
    "import sklspeech": HEAVY | {"sklearn", "numpy", "joblib", "scipy", "soundfile"},
    "from sklspeech import spectral; spectral.mel_spectrogram": HEAVY | {"sklearn", "soundfile", "soxr", "joblib"},
    "from sklspeech import MelFeatures, FrameStatistics, AugmentedClassifier, Pipeline, datasets, metrics": HEAVY
    - {"pandas"},
    "from sklspeech import load, FrozenPipeline, freeze, export": HEAVY - {"pandas"}
    | {"onnx", "tf2onnx", "onnxruntime"},
    "from sklspeech.app import cli; cli.import_scikit_learn()": HEAVY | {"scipy.stats", "scipy.stats._stats_py"},
    "from sklspeech import SpeechCNN": {"librosa", "onnx"},
}


@pytest.mark.parametrize("code", FRESH)
def test_a_fresh_process_does_not_load(code):
    code = f"import sys; {code}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not FRESH[code.split("; ", 1)[1].rsplit("; ", 1)[0]] & set(run.stdout.split())
