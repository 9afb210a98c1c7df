"""Estimators made of estimators."""

from .augmented import AugmentedClassifier
from .pipeline import Pipeline

__all__ = ["AugmentedClassifier", "Pipeline"]
