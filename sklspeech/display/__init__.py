"""Pictures of recordings, of training and of what a recognizer does, as scikit-learn's displays."""

from .alignment import AlignmentDisplay
from .comparison import ComparisonDisplay
from .detection_curve import DetectionCurveDisplay
from .occlusion import OcclusionDisplay
from .reliability import ReliabilityDisplay
from .speaker_learning_curve import SpeakerLearningCurveDisplay
from .speaker_scores import SpeakerScoreDisplay
from .spectrogram import SpectrogramDisplay
from .timeline import TimelineDisplay
from .training_curve import TrainingCurveDisplay

__all__ = [
    "AlignmentDisplay",
    "ComparisonDisplay",
    "DetectionCurveDisplay",
    "OcclusionDisplay",
    "ReliabilityDisplay",
    "SpeakerLearningCurveDisplay",
    "SpeakerScoreDisplay",
    "SpectrogramDisplay",
    "TimelineDisplay",
    "TrainingCurveDisplay",
]
