"""All that production loads: frozen pipelines, without Keras, TensorFlow, scikeras and librosa."""

from .archive import load, save
from .classifier import FrozenClassifier
from .pipeline import FrozenPipeline

__all__ = ["FrozenClassifier", "FrozenPipeline", "load", "save"]
