"""Estimators made of estimators."""

from .augmented import AugmentedClassifier
from .hits import Detection
from .open_set import RejectOption
from .pipeline import Pipeline
from .spotter import WordSpotter

__all__ = ["AugmentedClassifier", "Detection", "Pipeline", "RejectOption", "WordSpotter"]
