"""Measures of recognition that scikit-learn does not have."""

from .calibration import expected_calibration_error

__all__ = ["expected_calibration_error"]
