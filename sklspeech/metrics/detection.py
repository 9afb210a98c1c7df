"""Measures of detection: is it there at all, and where."""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import column_or_1d

_TOLERANCE = 0.3  # seconds that the middle of a hit may lie outside of its word


class DetectionRates(NamedTuple):
    """Shares of what is wrong.

    Parameters
    ----------
    false_alarm_rate : float
        Of the clips that are none of those to be found.
    miss_rate : float
        Of the clips that are to be found.
    """

    false_alarm_rate: float
    miss_rate: float


class SpottingScores(NamedTuple):
    """What was found of the words that were said, and how often something else was taken for one.

    Parameters
    ----------
    n_events : int
        Words that were said.
    n_hits : int
        Words that were found.
    n_false_alarms : int
        Detections that are none of the words.
    hours : float
        Of recordings.
    """

    n_events: int
    n_hits: int
    n_false_alarms: int
    hours: float

    @property
    def recall(self):
        """Share of the words that were found; NaN where none was said."""
        return self.n_hits / self.n_events if self.n_events else float("nan")

    @property
    def precision(self):
        """Share of the hits that are right; NaN where there are none."""
        n_detections = self.n_hits + self.n_false_alarms
        return self.n_hits / n_detections if n_detections else float("nan")

    @property
    def miss_rate(self):
        """Share of the words that were not found."""
        return 1.0 - self.recall

    @property
    def false_alarms_per_hour(self):
        """False alarms an hour of recording."""
        return self.n_false_alarms / self.hours


def detection_rates(y_true, y_score, threshold):
    """False alarms and misses at a threshold.

    `sklearn.metrics.det_curve` gives them for every threshold, and `sklearn.metrics.DetCurveDisplay` draws them.

    Parameters
    ----------
    y_true : array-like of shape (n,), bool
        Whether a clip is one of those to be found.
    y_score : array-like of shape (n,)
        The higher, the more likely.
    threshold : float
        Lowest score that is taken for one.

    Returns
    -------
    rates : DetectionRates
        ``(false_alarm_rate, miss_rate)``, each from 0 to 1.

    Raises
    ------
    ValueError
        The lengths do not fit, a score is missing, or `y_true` has clips of one kind alone.

    Examples
    --------
    >>> from sklspeech.metrics import detection_rates
    >>> detection_rates([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], threshold=0.5)
    DetectionRates(false_alarm_rate=0.5, miss_rate=0.5)
    """
    is_one, scores = _check_binary(y_true, y_score)
    found = scores >= threshold
    return DetectionRates(float(found[~is_one].mean()), float((~found[is_one]).mean()))


def equal_error_rate(y_true, y_score):
    """The rate of false alarms at the threshold where that of misses is the same.

    Between two thresholds of the curve it is on the line that joins them.

    Parameters
    ----------
    y_true : array-like of shape (n,), bool
        Whether a clip is one of those to be found.
    y_score : array-like of shape (n,)
        The higher, the more likely.

    Returns
    -------
    rate : float
        From 0 to 1; 0.5 is chance.

    Raises
    ------
    ValueError
        The lengths do not fit, a score is missing, or `y_true` has clips of one kind alone.

    Examples
    --------
    >>> from sklspeech.metrics import equal_error_rate
    >>> equal_error_rate([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9])
    0.5
    """
    is_one, scores = _check_binary(y_true, y_score)
    false_alarms, hits, _ = roc_curve(is_one, scores, drop_intermediate=False)
    misses = 1 - hits
    after = int(np.argmax(false_alarms >= misses))  # the first point that is not above the diagonal
    before = max(0, after - 1)
    gaps = misses - false_alarms
    span = gaps[before] - gaps[after]
    share = gaps[before] / span if span else 0.0
    return float(false_alarms[before] + share * (false_alarms[after] - false_alarms[before]))


def open_set_roc_auc_score(y_true, known_score, *, unknown_label="unknown"):
    """Area under the ROC curve of known words against unknown ones: whether a clip is one of the words at all.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels.
    known_score : array-like of shape (n,)
        The higher, the more likely a clip is of a known word: `RejectOption.known_score`.
    unknown_label : object, default="unknown"
        Label of clips that are none of the words.

    Returns
    -------
    area : float
        From 0 to 1; 0.5 is chance.

    Raises
    ------
    ValueError
        The lengths do not fit, or there are no known or no unknown clips.

    Examples
    --------
    >>> from sklspeech.metrics import open_set_roc_auc_score
    >>> float(open_set_roc_auc_score(["yes", "no", "unknown"], [0.9, 0.2, 0.4]))
    0.5
    """
    return float(roc_auc_score(*_check_binary(column_or_1d(y_true) != unknown_label, known_score)))


def open_set_classification_rate(y_true, y_pred, known_score, *, unknown_label="unknown"):
    """Area under the curve of right known clips against accepted unknown ones (OSCR).

    Over all thresholds of the score: the share of the known clips that are accepted and given the right word, against
    the share of the unknown clips that are accepted. A. R. Dhamija et al., Reducing Network Agnostophobia, NeurIPS
    2018.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels.
    y_pred : array-like of shape (n,)
        The most probable known word of every clip.
    known_score : array-like of shape (n,)
        The higher, the more likely a clip is of a known word.
    unknown_label : object, default="unknown"
        Label of clips that are none of the words.

    Returns
    -------
    area : float
        From 0 to 1.

    Raises
    ------
    ValueError
        The lengths do not fit, or there are no known or no unknown clips.

    Examples
    --------
    >>> from sklspeech.metrics import open_set_classification_rate
    >>> open_set_classification_rate(["yes", "no", "unknown"], ["yes", "yes", "yes"], [0.9, 0.8, 0.4])
    0.5
    """
    y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
    check_consistent_length(y_true, y_pred)
    is_known, scores = _check_binary(y_true != unknown_label, known_score)
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum((is_known & (y_true == y_pred))[order]) / is_known.sum()
    accepted = np.cumsum(~is_known[order]) / (~is_known).sum()
    last_of_score = np.append(np.diff(scores[order]) != 0, True)  # clips of one score are accepted together
    return float(np.trapezoid(np.append(0, right[last_of_score]), np.append(0, accepted[last_of_score])))


def open_set_roc_auc_scorer(estimator, X, y):
    """`open_set_roc_auc_score` of a `RejectOption`, for ``scoring=``.

    Parameters
    ----------
    estimator : estimator
        With `known_score`.
    X : array-like of shape (n,)
        Clips.
    y : array-like of shape (n,)
        Labels.

    Returns
    -------
    area : float
    """
    return open_set_roc_auc_score(y, estimator.known_score(X), unknown_label=estimator.unknown_label)


def open_set_classification_rate_scorer(estimator, X, y):
    """`open_set_classification_rate` of a `RejectOption`, for ``scoring=``.

    Parameters
    ----------
    estimator : estimator
        With `known_score` and `predict_known`.
    X : array-like of shape (n,)
        Clips.
    y : array-like of shape (n,)
        Labels.

    Returns
    -------
    area : float
    """
    predicted, scores = estimator.predict_known(X), estimator.known_score(X)
    return open_set_classification_rate(y, predicted, scores, unknown_label=estimator.unknown_label)


def spotting_scores(detections, events, durations, *, tolerance=_TOLERANCE):
    """Compare detections with the words that were said.

    A detection is right if its middle lies in a word of its label, or up to `tolerance` beside it. A word is found
    once: whatever else lies there is a false alarm.

    Parameters
    ----------
    detections : list of list of (label, start, end, ...)
        What was found in every recording, in seconds: of `WordSpotter.detect`.
    events : list of list of (label, start, end, ...)
        What was said in every recording, in seconds.
    durations : array-like of shape (n,)
        Seconds of the recordings.
    tolerance : float, default=0.3
        Seconds.

    Returns
    -------
    scores : SpottingScores
        Numbers of words, hits and false alarms, and hours; from them `recall`, `precision`, `miss_rate` and
        `false_alarms_per_hour`.

    Raises
    ------
    ValueError
        The lengths do not fit, or a duration is not above 0.

    Examples
    --------
    >>> from sklspeech.metrics import spotting_scores
    >>> found = [[("yes", 1.0, 1.5, 0.9), ("no", 7.0, 7.5, 0.8)]]
    >>> scores = spotting_scores(found, [[("yes", 1.1, 1.6), ("no", 3.0, 3.4)]], durations=[1800])
    >>> scores.recall, scores.precision, scores.false_alarms_per_hour
    (0.5, 0.5, 2.0)
    """
    check_consistent_length(detections, events, durations)
    seconds = np.asarray(durations, float)
    if not (seconds > 0).all():
        raise ValueError(f"durations must be above 0 s, got {seconds.min():g}")
    n_hits = sum(int(sum(is_hit)) for is_hit in map_hits(detections, events, tolerance))
    n_detections = sum(map(len, detections))
    return SpottingScores(sum(map(len, events)), n_hits, n_detections - n_hits, float(seconds.sum() / 3600))


def map_hits(detections, events, tolerance=_TOLERANCE):
    """Which detections are right.

    Parameters
    ----------
    detections, events : list of list of (label, start, end, ...)
        As for `spotting_scores`.
    tolerance : float, default=0.3
        Seconds.

    Yields
    ------
    is_hit : list of bool
        Of a recording's detections.
    """
    for found, said in zip(detections, events, strict=True):
        waiting = list(said)
        is_hit = []
        for label, start, end, *_ in found:
            middle = (start + end) / 2
            distances = {i: _distance(event, middle) for i, event in enumerate(waiting) if event[0] == label}
            near = [i for i, distance in distances.items() if distance <= tolerance]
            if near:
                del waiting[min(near, key=distances.__getitem__)]
            is_hit.append(bool(near))
        yield is_hit


def _distance(event, time):
    """Seconds from a time to an event, 0 within it."""
    _, start, end, *_ = event
    return max(start - time, time - end, 0.0)


def _check_binary(y_true, y_score):
    is_one, scores = column_or_1d(y_true).astype(bool), column_or_1d(y_score).astype(float)
    check_consistent_length(is_one, scores)
    if np.isnan(scores).any():
        raise ValueError("scores must be numbers, got NaN")
    if is_one.all() or not is_one.any():
        raise ValueError(f"there must be clips of both kinds, got {is_one.sum()} to be found of {len(is_one)}")
    return is_one, scores
