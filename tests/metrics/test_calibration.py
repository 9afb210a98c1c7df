"""Measures of recognition, against values worked out by hand."""

import numpy as np
import pytest

from sklspeech.metrics import expected_calibration_error


@pytest.mark.parametrize(
    ("y_true", "confidences", "expected"),
    [
        (["a", "a", "a", "a"], [1.0, 1.0, 1.0, 1.0], 0.0),
        (["b", "b", "b", "b"], [1.0, 1.0, 1.0, 1.0], 1.0),
        (["a", "b", "a", "b"], [1.0, 1.0, 1.0, 1.0], 0.5),
        (["a", "a", "b", "b"], [0.9, 0.9, 0.9, 0.9], 0.4),
        (["a", "a", "a", "b"], [0.6, 0.6, 0.9, 0.9], 0.4),  # bins of 0.6 (all right) and 0.9 (half right): 0.4 each
    ],
)
def test_expected_calibration_error(y_true, confidences, expected):
    proba = np.array([[p, 1 - p] for p in confidences])
    assert expected_calibration_error(y_true, proba, labels=["a", "b"]) == pytest.approx(expected)


def test_a_calibrated_classifier_has_nearly_none():
    random = np.random.default_rng(0)
    p = random.uniform(0.5, 1, 50_000)
    y = np.where(random.random(50_000) < p, 1, 0)
    assert expected_calibration_error(y, np.column_stack([1 - p, p]), labels=[0, 1]) < 0.01


@pytest.mark.parametrize(
    ("y", "proba", "message"),
    [
        (["a"], [[0.5, 0.5], [0.5, 0.5]], "inconsistent numbers"),
        (["a"], [[1.0]], "a column for each of 2 labels, got 1"),
        (["a"], [[1.5, -0.5]], "from 0 to 1, got -0.5 to 1.5"),
        ([1], [[0.5, 0.5]], r"y_true has \[1\], which are not among labels=\['a', 'b'\]"),
    ],
)
def test_wrong_input(y, proba, message):
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(y, proba, labels=["a", "b"])
