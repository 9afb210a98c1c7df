"""Clips become arrays: transformers of scikit-learn, without Keras."""

from .loader import AudioLoader
from .mel import MelFeatures
from .mfcc import MFCCFeatures
from .statistics import FrameStatistics

__all__ = ["AudioLoader", "FrameStatistics", "MFCCFeatures", "MelFeatures"]
