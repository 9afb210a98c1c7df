"""Scores of windows, one after the other as a stream gives them, become hits: one a word."""

from collections import deque
from typing import NamedTuple

import numpy as np

from .._runtime.public import public

_SAME_WORD = 0.3  # seconds between the middles of two hits of which one is an echo of the other
_LONGEST_RUN = 10.0  # seconds, after which a hit is given though the label is still heard
_SHORTEST = 0.1  # seconds of a hit


@public
class Detection(NamedTuple):
    """A word that was heard.

    Parameters
    ----------
    label : object
        The word.
    start : float
        Seconds from the beginning of the recording.
    end : float
        Seconds from the beginning of the recording.
    score : float
        The highest of its smoothed probabilities, from 0 to 1.
    """

    label: object
    start: float
    end: float
    score: float


class Smoother:
    """The mean of the last scores.

    Parameters
    ----------
    n_windows : int
        How many are averaged.
    """

    def __init__(self, n_windows):
        self._last: deque = deque(maxlen=n_windows)

    def push(self, scores):
        """Add the scores of a window.

        Parameters
        ----------
        scores : ndarray of shape (n_labels,)

        Returns
        -------
        smoothed : ndarray of shape (n_labels,)
            Of fewer windows at the beginning.
        """
        self._last.append(scores)
        return np.mean(self._last, axis=0)


class HitFinder:
    """Finds the runs of windows in which a label is above its threshold, and makes one hit of each.

    Parameters
    ----------
    labels : list
        Of the columns of the scores.
    thresholds : ndarray of shape (n_labels,)
        Lowest smoothed scores of a hit.
    hop : float
        Seconds from one window to the next.
    window : float
        Seconds of a window.
    delay : float
        Seconds by which scores are behind the words that they are of.
    patience : int
        Windows that a run has at least.
    refractory : float
        Seconds behind a hit in which its label is not found again.
    """

    def __init__(self, labels, thresholds, hop, window, delay, patience, refractory):
        self._labels, self._thresholds = labels, thresholds
        self._hop, self._window, self._delay = hop, window, delay
        self._patience, self._refractory = patience, refractory
        self._i = 0
        self._run: list[tuple[float, float]] = []  # (middle of the window, score) of the present run
        self._label: int | None = None  # of the present run
        self._pending: Detection | None = None
        self._last_hits: dict = {}

    def push(self, scores):
        """Look at the smoothed scores of the next window.

        Parameters
        ----------
        scores : ndarray of shape (n_labels,)

        Returns
        -------
        hits : list of Detection
            Those that nothing which follows can change.
        """
        middle = max(0.0, self._i * self._hop - self._delay)
        self._i += 1
        is_above = scores >= self._thresholds
        best = int(np.where(is_above, scores, -1.0).argmax()) if is_above.any() else None
        hits = []
        if best != self._label or len(self._run) * self._hop > _LONGEST_RUN:  # of a sound that does not end
            hits += self._close()
            self._label = best
        if best is not None:
            self._run.append((middle, float(scores[best])))
        elif self._pending is not None and middle - _middle(self._pending) > _SAME_WORD:
            hits += self._release()
        return hits

    def finish(self):
        """End the recording.

        Returns
        -------
        hits : list of Detection
        """
        return [*self._close(), *self._release()]

    def _close(self):
        """End the present run: what it makes of the hit before."""
        run, label = self._run, self._label
        self._run, self._label = [], None
        if label is None or len(run) < self._patience:
            return []
        hit = self._hit(self._labels[label], run)
        before = self._pending
        if before is not None and _middle(hit) - _middle(before) < _SAME_WORD:
            self._pending = max(before, hit, key=lambda found: found.score)
            return []
        released = self._release()
        self._pending = hit
        return released

    def _release(self):
        """The hit that waits, unless its label was found just before."""
        hit, self._pending = self._pending, None
        if hit is None:
            return []
        last = self._last_hits.get(hit.label)
        if last is not None and _middle(hit) - last < self._refractory:
            return []
        self._last_hits[hit.label] = _middle(hit)
        return [hit]

    def _hit(self, label, run):
        """What all windows of a run have in common, around the middle of their scores."""
        middles, scores = np.array(run).T
        middle = float(np.average(middles, weights=scores))
        length = max(_SHORTEST, self._window - (middles[-1] - middles[0]))
        start, end = max(0.0, middle - length / 2), middle + length / 2
        return Detection(label, round(float(start), 3), round(float(end), 3), float(scores.max()))


def _middle(hit):
    return (hit.start + hit.end) / 2
