"""Measures of recognition that scikit-learn does not have."""

from .calibration import expected_calibration_error
from .transcription import cer_scorer, character_error_rate, edit_alignment, wer_scorer, word_error_rate

__all__ = [
    "cer_scorer",
    "character_error_rate",
    "edit_alignment",
    "expected_calibration_error",
    "wer_scorer",
    "word_error_rate",
]
