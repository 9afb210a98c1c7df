"""Speech recognition as scikit-learn estimators.

Pipeline([MelFeatures(), SpeechCNN()]).fit(paths, labels)
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "ArchiveError": "frozen.archive",
    "AudioError": "audio.reading",
    "AudioLoader": "audio.reading",
    "AugmentedClassifier": "compose.augmented",
    "DeployError": "deploy.freezing",
    "FrameStatistics": "features.mel",
    "FrozenClassifier": "frozen.classifier",
    "MFCCFeatures": "features.mel",
    "MelFeatures": "features.mel",
    "Pipeline": "compose.pipeline",
    "SpeechCNN": "recognizers.classifiers",
    "SpeechCRNN": "recognizers.classifiers",
    "SpeechRNN": "recognizers.classifiers",
    "SpeechTransformer": "recognizers.classifiers",
    "UntrainedClassifier": "frozen.classifier",
    "export": "deploy.freezing",
    "freeze": "deploy.freezing",
    "load": "frozen.archive",
    "save": "frozen.archive",
}
_MODULES = [
    "archive",
    "audio",
    "augmentation",
    "datasets",
    "deploy",
    "features",
    "frozen",
    "metrics",
    "networks",
    "spectral",
]

__all__ = sorted([*_HOME, *_MODULES])


def __getattr__(name):
    """Import a public name on first use: the package alone loads neither TensorFlow nor librosa."""
    if name in _HOME:
        value = getattr(import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
