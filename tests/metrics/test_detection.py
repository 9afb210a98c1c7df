"""Detection measures against counts by hand, and scikit-learn's curves."""

import numpy as np
import pytest
from sklearn.metrics import det_curve

from sklspeech.compose import Detection
from sklspeech.metrics import (
    detection_rates,
    equal_error_rate,
    open_set_classification_rate,
    open_set_roc_auc_score,
    spotting_scores,
)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.1, 0.2, 0.8, 0.9], 0.0),
        ([0.9, 0.8, 0.2, 0.1], 1.0),
        ([0.1, 0.6, 0.4, 0.9], 0.5),
        ([0.5, 0.5, 0.5, 0.5], 0.5),
    ],
    ids=str,
)
def test_equal_error_rate(scores, expected):
    assert equal_error_rate([0, 0, 1, 1], scores) == pytest.approx(expected)


def test_equal_error_rate_lies_on_the_curve():
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], [3000, 700])
    scores = random.normal(size=3700) + 2 * y
    false_alarms, misses, _ = det_curve(y, scores)
    nearest = np.abs(false_alarms - misses).argmin()
    rate = equal_error_rate(y, scores)
    assert rate == pytest.approx((false_alarms + misses)[nearest] / 2, abs=2e-3)
    assert rate == pytest.approx(0.1587, abs=0.02)  # of two normal distributions, two deviations apart


@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.0, (1.0, 0.0)), (0.5, (0.5, 0.5)), (0.6, (0.5, 0.5)), (0.95, (0.0, 1.0))]
)
def test_rates_at_a_threshold(threshold, expected):
    assert detection_rates([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], threshold) == expected


@pytest.mark.parametrize(
    ("y", "scores", "message"),
    [
        ([1, 1], [0.1, 0.2], "clips of both kinds"),
        ([0, 0], [0.1, 0.2], "clips of both kinds"),
        ([0, 1], [0.1, np.nan], "got NaN"),
        ([0, 1, 1], [0.1, 0.2], "inconsistent numbers"),
    ],
    ids=str,
)
def test_wrong_input(y, scores, message):
    for measure in (equal_error_rate, lambda y, scores: detection_rates(y, scores, 0.5)):
        with pytest.raises(ValueError, match=message):
            measure(y, scores)


@pytest.mark.parametrize(
    ("predicted", "scores", "auc", "oscr"),
    [
        (["a", "b", "a", "a"], [0.9, 0.8, 0.2, 0.1], 1.0, 1.0),
        (["b", "b", "a", "a"], [0.9, 0.8, 0.2, 0.1], 1.0, 0.5),  # one of two known ones is given a wrong word
        (["a", "b", "a", "a"], [0.2, 0.1, 0.9, 0.8], 0.0, 0.0),
        (["a", "b", "a", "a"], [0.5, 0.5, 0.5, 0.5], 0.5, 0.5),
        (["a", "b", "a", "a"], [0.9, 0.3, 0.5, 0.1], 0.75, 0.75),
    ],
    ids=str,
)
def test_open_set_measures(predicted, scores, auc, oscr):
    y = ["a", "b", "unknown", "unknown"]
    assert open_set_roc_auc_score(y, scores) == pytest.approx(auc)
    assert open_set_classification_rate(y, predicted, scores) == pytest.approx(oscr)
    renamed = ["a", "b", "?", "?"]
    assert open_set_roc_auc_score(renamed, scores, unknown_label="?") == pytest.approx(auc)


def hit(label, start, end, score=0.9):
    return Detection(label, start, end, score)


@pytest.mark.parametrize(
    ("found", "said", "n_hits"),
    [
        ([hit("a", 1, 2)], [("a", 1.2, 1.8)], 1),
        ([hit("b", 1, 2)], [("a", 1.2, 1.8)], 0),
        ([hit("a", 1, 2), hit("a", 1.1, 2)], [("a", 1.2, 1.8)], 1),  # a word is found once
        ([hit("a", 1, 2), hit("a", 4, 5)], [("a", 1, 2), ("a", 4, 5)], 2),
        ([hit("a", 2.0, 2.19)], [("a", 1, 1.8)], 1),  # its middle is less than 0.3 s behind the word
        ([hit("a", 2.0, 2.4)], [("a", 1, 1.8)], 0),
        ([hit("a", 1.9, 2.1), hit("a", 2.2, 2.4)], [("a", 1, 1.9), ("a", 2.2, 2.4)], 2),
        ([], [("a", 1, 2)], 0),
        ([hit("a", 1, 2)], [], 0),
    ],
    ids=str,
)
def test_hits(found, said, n_hits):
    scores = spotting_scores([found, []], [said, []], [1800, 1800])
    assert (scores.n_hits, scores.n_events) == (n_hits, len(said))
    assert scores.n_false_alarms == scores.false_alarms_per_hour == len(found) - n_hits
    if said:
        assert scores.recall == 1 - scores.miss_rate == n_hits / len(said)
    assert np.isnan(scores.precision) if not found else scores.precision == n_hits / len(found)


def test_events_may_be_rows_of_an_array():
    events = np.array([["a", 1.0, 2.0], ["a", 4.0, 5.0]], object)
    assert spotting_scores([[hit("a", 1, 2), hit("a", 4, 5)]], [events], [10]).n_hits == 2


@pytest.mark.parametrize(("durations", "message"), [([0], "above 0 s"), ([1, 2], "inconsistent numbers")])
def test_wrong_durations(durations, message):
    with pytest.raises(ValueError, match=message):
        spotting_scores([[]], [[]], durations)
