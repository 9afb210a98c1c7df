"""The public surface: what is promised is there, documented, and nothing else."""

import doctest
import inspect
import sys

import pytest
from numpydoc.validate import validate

import sklspeech
from sklspeech import audio, datasets, display, metrics, networks, reports, spectral, text

MODULES = {
    "audio": audio,
    "datasets": datasets,
    "display": display,
    "metrics": metrics,
    "networks": networks,
    "reports": reports,
    "spectral": spectral,
    "text": text,
}
ESTIMATORS = [
    "AudioLoader",
    "AugmentedClassifier",
    "Detection",
    "FrameStatistics",
    "FrozenClassifier",
    "FrozenPipeline",
    "FrozenTranscriber",
    "MFCCFeatures",
    "MelFeatures",
    "Pipeline",
    "ProgressBar",
    "RejectOption",
    "SpeechCNN",
    "SpeechCRNN",
    "SpeechClassifier",
    "SpeechEmbedding",
    "SpeechRNN",
    "SpeechTranscriber",
    "SpeechTransformer",
    "UnfittedPlaceholder",
    "WordSpotter",
]
FUNCTIONS = ["export", "freeze", "load", "load_features", "predict_to", "save"]
ERRORS = ["ArchiveError", "AudioError", "AudioWarning", "DeployError", "FrozenError"]
# Not asked for: long summaries, see-also sections, examples of every method, imperative summaries, full stops after
# short types. Asked for: a summary, and every parameter in the order of the signature, with type and description.
NOT_VALIDATED = {
    *("ES01", "EX01", "GL01", "GL02", "GL03", "PR06", "PR08", "PR09", "PR10"),
    *("RT02", "RT03", "RT04", "RT05", "SA01", "SA04", "SS03", "SS05", "SS06", "YD01"),
}


def documented_names():
    """Full names of all public classes, their methods, and functions."""
    public = {name: getattr(sklspeech, name) for name in [*ESTIMATORS, *FUNCTIONS, *ERRORS, "OnnxBytes"]}
    for module, content in MODULES.items():
        public |= {f"{module}.{name}": getattr(content, name) for name in content.__all__}
    for name, value in public.items():
        if inspect.isclass(value) or inspect.isfunction(value):
            yield name
        if inspect.isclass(value):
            for method, function in inspect.getmembers(value, inspect.isfunction):
                if not method.startswith("_") and function.__module__.startswith("sklspeech"):
                    yield f"{name}.{method}"


def test_names():
    assert sklspeech.__all__ == sorted([*ESTIMATORS, *FUNCTIONS, *ERRORS, *MODULES, "OnnxBytes"])
    assert set(sklspeech.__all__) <= set(dir(sklspeech))
    with pytest.raises(AttributeError, match="SpeechCNNN"):
        sklspeech.SpeechCNNN  # noqa: B018


@pytest.mark.parametrize("name", list(documented_names()))
def test_documented(name):
    assert [error for error in validate(f"sklspeech.{name}")["errors"] if error[0] not in NOT_VALIDATED] == []


@pytest.mark.parametrize("name", [*ESTIMATORS, *FUNCTIONS, *ERRORS, "OnnxBytes"])
def test_a_pickle_names_the_package_alone(name):
    assert getattr(sklspeech, name).__module__ == "sklspeech"


@pytest.mark.parametrize("name", [*ESTIMATORS, *FUNCTIONS, *ERRORS])
def test_examples_run(name):
    """The finder of `--doctest-modules` skips a class that says it belongs to another module."""
    public = getattr(sklspeech, name)
    for test in doctest.DocTestFinder(recurse=False).find(public, name, module=sys.modules["sklspeech"]):
        assert not doctest.DocTestRunner().run(test).failed
