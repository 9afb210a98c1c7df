"""What a spotter misses and what it finds wrongly at one threshold after another, and which of them is taken."""

import warnings
from typing import NamedTuple

import numpy as np

from ..metrics.detection import spotting_scores

_TRIED = np.unique(np.round(np.concatenate([np.arange(0.1, 0.8, 0.05), 1 - np.geomspace(0.2, 0.001, 30)]), 4))
_MISSED_FOR_SAFETY = 0.01  # share of the words, for a higher threshold
_MIDDLE = 0.5  # the threshold by which the lag is measured


class OperatingPoints(NamedTuple):
    """What a spotter misses, and what it finds that was not said, at one threshold after another."""

    thresholds: np.ndarray
    n_missed: np.ndarray
    n_false_alarms: np.ndarray
    n_events: int
    hours: float


def find_operating_points(detect, events, durations):
    """Misses and false alarms at every threshold.

    Parameters
    ----------
    detect : callable
        From a threshold to the detections of every recording.
    events : list of list of (label, start, end)
        The words of every recording, in seconds.
    durations : list of float
        Seconds of the recordings.

    Returns
    -------
    points : OperatingPoints
    """
    scores = [spotting_scores(detect(threshold), events, durations) for threshold in _TRIED]
    n_missed = np.array([of_one.n_events - of_one.n_hits for of_one in scores])
    n_false_alarms = np.array([of_one.n_false_alarms for of_one in scores])
    return OperatingPoints(_TRIED, n_missed, n_false_alarms, scores[0].n_events, scores[0].hours)


def choose_threshold(points, max_false_alarms_per_hour):
    """The highest threshold that keeps to the false alarms and misses next to no more than others that do.

    Parameters
    ----------
    points : OperatingPoints
    max_false_alarms_per_hour : float

    Returns
    -------
    threshold : float
        The highest of all, where none keeps to them.
    """
    is_allowed = points.n_false_alarms <= max_false_alarms_per_hour * points.hours
    if not is_allowed.any():
        return float(points.thresholds[-1])
    most = points.n_missed[is_allowed].min() + _MISSED_FOR_SAFETY * points.n_events
    return float(points.thresholds[is_allowed & (points.n_missed <= most)].max())


def measure_lag(detect, events, longest):
    """Seconds by which hits are behind the words, in the median: a recognizer may want words early in its clips.

    Parameters
    ----------
    detect, events
        As for `find_operating_points`.
    longest : float
        Seconds; what is farther from a word is no hit of it.

    Returns
    -------
    lag : float
        0 where there is no hit.
    """
    lags = []
    for hits, said in zip(detect(_MIDDLE), events, strict=True):
        for label, start, end, *_ in said:
            distances = [(hit.start + hit.end - start - end) / 2 for hit in hits if hit.label == label]
            lag = min(distances, key=abs, default=longest)
            if abs(lag) < longest:
                lags.append(lag)
    return float(np.median(lags)) if lags else 0.0


def warn_of_budget(scores, budget):
    """Warn, in the name of the caller's caller, where false alarms are not what was asked for, or cannot be told.

    Parameters
    ----------
    scores : SpottingScores
        At the threshold that was taken.
    budget : float
        False alarms an hour.
    """
    if scores.false_alarms_per_hour > budget:
        text = f"{scores.false_alarms_per_hour:.2g} false alarms an hour remain, {budget:g} were asked for"
    elif scores.n_events and scores.recall < 0.5:
        text = f"{scores.n_events - scores.n_hits} of {scores.n_events} words are not found at these thresholds"
    elif budget and budget * scores.hours < 1:
        text = (
            f"{scores.hours:.2g} hours are too few to tell {budget:g} false alarms an hour: give more recordings "
            "in which the words are not said, as background"
        )
    else:
        return
    warnings.warn(text, stacklevel=3)
