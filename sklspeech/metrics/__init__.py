"""Measures of recognition that scikit-learn does not have."""

from .calibration import expected_calibration_error
from .detection import (
    DetectionRates,
    SpottingScores,
    detection_rates,
    equal_error_rate,
    open_set_classification_rate,
    open_set_classification_rate_scorer,
    open_set_roc_auc_score,
    open_set_roc_auc_scorer,
    spotting_scores,
)
from .transcription import cer_scorer, character_error_rate, edit_alignment, wer_scorer, word_error_rate

__all__ = [
    "DetectionRates",
    "SpottingScores",
    "cer_scorer",
    "character_error_rate",
    "detection_rates",
    "edit_alignment",
    "equal_error_rate",
    "expected_calibration_error",
    "open_set_classification_rate",
    "open_set_classification_rate_scorer",
    "open_set_roc_auc_score",
    "open_set_roc_auc_scorer",
    "spotting_scores",
    "wer_scorer",
    "word_error_rate",
]
