"""SpeakerLearningCurveDisplay: what one more speaker is worth."""

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.metrics import check_scoring
from sklearn.model_selection import GroupShuffleSplit
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import _num_samples

from .._runtime.scikit_learn import _safe_indexing
from .axes import BLUE, get_axes


class SpeakerLearningCurveDisplay:
    """Score on speakers who were never heard, by the number of speakers in training.

    Parameters
    ----------
    n_speakers : ndarray of shape (n_sizes,)
        Speakers in training.
    scores : ndarray of shape (n_sizes, n_splits)
        On speakers who were never heard.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : By the number of clips, whoever speaks.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklspeech import FrameStatistics, MelFeatures, Pipeline, datasets
    >>> from sklspeech.display import SpeakerLearningCurveDisplay
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=6, n_takes=3, random_state=0)
    >>> pipeline = Pipeline([MelFeatures(), FrameStatistics(), LogisticRegression(max_iter=1000)])
    >>> display = SpeakerLearningCurveDisplay.from_estimator(
    ...     pipeline, speech.data, speech.target, speech.groups, n_speakers=(1, 4), n_splits=2, random_state=0
    ... )
    >>> display.scores.shape
    (2, 2)
    """

    def __init__(self, n_speakers, scores):
        self.n_speakers = n_speakers
        self.scores = scores

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        groups,
        *,
        n_speakers=None,
        n_splits=3,
        test_size=0.25,
        scoring=None,
        n_jobs=None,
        random_state=None,
        ax=None,
    ):
        """Train with more and more speakers, and test on others.

        Parameters
        ----------
        estimator : estimator
            Cloned and fitted once for every size and split.
        X : array-like of shape (n, ...)
            Clips.
        y : array-like of shape (n,)
            Labels, or sentences.
        groups : array-like of shape (n,)
            Speakers.
        n_speakers : array-like of int or None, default=None
            Speakers to train with; None doubles them from 1 up to all that are not tested.
        n_splits : int, default=3
            How often speakers are drawn.
        test_size : float, default=0.25
            Share of the speakers that are tested.
        scoring : str, callable or None, default=None
            As in scikit-learn; None is the estimator's own score.
        n_jobs : int or None, default=None
            Trainings at once, as in scikit-learn.
        random_state : int, RandomState or None, default=None
            Of the draws.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : SpeakerLearningCurveDisplay

        Raises
        ------
        ValueError
            There are fewer speakers than are asked for.
        """
        check_consistent_length(X, y, groups)
        y, groups = np.asarray(y), np.asarray(groups)
        random = check_random_state(random_state)
        split = GroupShuffleSplit(n_splits, test_size=test_size, random_state=random)
        folds = list(split.split(np.zeros(_num_samples(X)), y, groups))
        most = min(len(np.unique(groups[train])) for train, _ in folds)
        sizes = _doubled(most) if n_speakers is None else np.asarray(n_speakers)
        if sizes.min() < 1 or sizes.max() > most:
            raise ValueError(f"n_speakers must be from 1 to {most}, those that are not tested, got {sizes.tolist()}")
        scorer = check_scoring(estimator, scoring)
        orders = [random.permutation(np.unique(groups[train])) for train, _ in folds]
        jobs = [
            (train[np.isin(groups[train], order[:size])], test)
            for size in sizes
            for (train, test), order in zip(folds, orders, strict=True)
        ]
        scores = Parallel(n_jobs)(delayed(_score)(clone(estimator), X, y, scorer, *job) for job in jobs)
        return cls(sizes, np.reshape(scores, (len(sizes), n_splits))).plot(ax=ax)

    def plot(self, ax=None):
        """Draw mean and range over the splits.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : object
        """
        self.ax_ = ax = get_axes(ax)
        ax.fill_between(self.n_speakers, self.scores.min(axis=1), self.scores.max(axis=1), color=BLUE, alpha=0.2)
        ax.plot(self.n_speakers, self.scores.mean(axis=1), "o-", color=BLUE, label="mean, and range of the splits")
        ax.set_xscale("log", base=2)
        ax.set_xticks(self.n_speakers, [f"{n}" for n in self.n_speakers])
        ax.minorticks_off()
        ax.set(xlabel="speakers in training", ylabel="score on speakers never heard")
        ax.grid(alpha=0.3)
        ax.legend(loc="lower right")
        self.figure_ = ax.figure
        return self


def _doubled(most):
    """1, 2, 4, ... and the most there are."""
    return np.unique([*(2 ** np.arange(int(np.log2(most)) + 1)), most])


def _score(estimator, X, y, scorer, train, test):
    estimator.fit(_safe_indexing(X, train), y[train])
    return scorer(estimator, _safe_indexing(X, test), y[test])
