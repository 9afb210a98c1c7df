"""The public surface: what is promised is there, documented, and nothing else."""

import doctest
import inspect
import sys

import pytest

import sklspeech
from sklspeech import datasets

ESTIMATORS = [
    "AudioLoader",
    "AugmentedClassifier",
    "FrameStatistics",
    "FrozenClassifier",
    "FrozenPipeline",
    "MFCCFeatures",
    "MelFeatures",
    "Pipeline",
    "SpeechCNN",
    "SpeechCRNN",
    "SpeechRNN",
    "SpeechTransformer",
    "UnfittedPlaceholder",
]


FUNCTIONS = ["export", "freeze", "load", "save"]
ERRORS = ["ArchiveError", "AudioError", "DeployError", "FrozenError"]
MODULES = ["audio", "datasets", "metrics", "networks", "spectral"]


def test_names():
    assert sklspeech.__all__ == sorted([*ESTIMATORS, *FUNCTIONS, *ERRORS, *MODULES, "OnnxBytes"])
    assert set(sklspeech.__all__) <= set(dir(sklspeech))
    with pytest.raises(AttributeError, match="SpeechCNNN"):
        sklspeech.SpeechCNNN  # noqa: B018


@pytest.mark.parametrize("name", [*ESTIMATORS, *FUNCTIONS, "ArchiveError", "AudioError"])
def test_documented(name):
    public = getattr(sklspeech, name)
    for parameter in inspect.signature(public).parameters:
        assert parameter in public.__doc__, f"{name} does not document {parameter}"
    for method, function in inspect.getmembers(public, inspect.isfunction):
        if not method.startswith("_") and function.__module__.startswith("sklspeech"):
            assert inspect.getdoc(function), f"{name}.{method} has no docstring"


@pytest.mark.parametrize("name", datasets.__all__)
def test_datasets_documented(name):
    assert not callable(getattr(datasets, name)) or getattr(datasets, name).__doc__


@pytest.mark.parametrize("name", [*ESTIMATORS, *FUNCTIONS, *ERRORS])
def test_a_pickle_names_the_package_alone(name):
    assert getattr(sklspeech, name).__module__ == "sklspeech"


@pytest.mark.parametrize("name", [*ESTIMATORS, *FUNCTIONS])
def test_examples_run(name):
    """The finder of `--doctest-modules` skips a class that says it belongs to another module."""
    public = getattr(sklspeech, name)
    for test in doctest.DocTestFinder(recurse=False).find(public, name, module=sys.modules["sklspeech"]):
        result = doctest.DocTestRunner().run(test)
        assert not result.failed
