"""compare: which of several recognizers is better, and whether the folds are enough to tell."""

import pickle
import warnings

import numpy as np
from scipy import stats
from sklearn.metrics import check_scoring
from sklearn.model_selection import cross_validate
from sklearn.utils import check_consistent_length

from .._runtime.once import warnings_once
from .._runtime.progress import Progress
from .._runtime.scikit_learn import _safe_indexing
from .folds import make_folds
from .tables import import_pandas


def compare(estimators, X, y, groups=None, *, cv=None, scoring=None, n_jobs=None):
    """Cross-validate several estimators on the same folds.

    Parameters
    ----------
    estimators : dict of str to estimator
        By name.
    X : array-like of shape (n, ...)
        Clips.
    y : array-like of shape (n,)
        Labels, or sentences.
    groups : array-like of shape (n,) or None, default=None
        Speakers.
    cv : int, splitter, iterable of splits, or None, default=None
        As in scikit-learn; a number, or None for 5, means folds of whole speakers where there are groups.
    scoring : str, callable or None, default=None
        As in scikit-learn; None is the estimator's own score.
    n_jobs : int or None, default=None
        Folds at once, as in scikit-learn.

    Returns
    -------
    table : pandas.DataFrame
        A row an estimator, the best first: ``mean`` and ``std`` of the score over the folds; with `groups`,
        ``worst_speaker`` and ``worst_speaker_score``; ``fit_time`` and ``score_time``, seconds in the mean; ``size`` of
        the pickled estimator in MB; ``p_value`` of the difference to the best one; ``scores``, those of the folds.

    Raises
    ------
    ModuleNotFoundError
        pandas is not installed.
    ValueError
        There is no estimator.

    Warns
    -----
    UserWarning
        A speaker is on both sides of a fold: scores are then of voices that were heard in training.

    See Also
    --------
    sklspeech.display.ComparisonDisplay : Draws the table.

    Notes
    -----
    Folds share their training clips, so that an ordinary paired test would find differences where there are none. The
    variance is corrected here by the share of test clips: C. Nadeau and Y. Bengio, Inference for the Generalization
    Error, Machine Learning 52, 2003. Few folds tell little: a large p-value is no sign that two are equally good.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import LeaveOneGroupOut
    >>> from sklspeech import FrameStatistics, MelFeatures, MFCCFeatures, Pipeline, datasets, reports
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=4, n_takes=3, random_state=0)
    >>> rest = [FrameStatistics(), LogisticRegression(max_iter=1000)]
    >>> candidates = {"mel": Pipeline([MelFeatures(), *rest]), "mfcc": Pipeline([MFCCFeatures(), *rest])}
    >>> table = reports.compare(candidates, speech.data, speech.target, speech.groups, cv=LeaveOneGroupOut())
    >>> sorted(table.index)
    ['mel', 'mfcc']
    """
    pandas = import_pandas("compare")
    if not estimators:
        raise ValueError("compare needs estimators, as a dict of names, got none")
    check_consistent_length(X, y, groups)
    folds = make_folds(cv, np.asarray(y), groups, next(iter(estimators.values())))
    if groups is not None:
        _warn_of_shared_speakers(folds, np.asarray(groups))
    rows, names = {}, list(estimators)
    with warnings_once(), Progress(names[0], len(names)) as progress:
        for name, following in zip(names, [*names[1:], ""], strict=True):
            scorer = check_scoring(estimators[name], scoring)
            rows[name] = _measure(estimators[name], X, np.asarray(y), groups, folds, scorer, n_jobs)
            progress.advance(detail=following)
    table = pandas.DataFrame.from_dict(rows, orient="index").sort_values("mean", ascending=False, kind="stable")
    best = table["scores"].iloc[0]
    share = np.mean([len(test) / len(train) for train, test in folds])
    values = [np.nan, *(paired_p_value(best - scores, share) for scores in table["scores"].iloc[1:])]
    table.insert(len(table.columns) - 1, "p_value", values)
    return table


def _warn_of_shared_speakers(folds, groups):
    for train, test in folds:
        shared = np.intersect1d(groups[train], groups[test])
        if len(shared):
            warnings.warn(
                f"{len(shared)} speakers are on both sides of a fold, such as {shared[0]}: scores are of voices that "
                "were heard in training; give cv=LeaveOneGroupOut() or a number of folds for others",
                stacklevel=3,
            )
            return


def _measure(estimator, X, y, groups, folds, scorer, n_jobs):
    """What is told of an estimator."""
    found = cross_validate(estimator, X, y, cv=folds, scoring=scorer, n_jobs=n_jobs, return_estimator=True)
    row = {"mean": found["test_score"].mean(), "std": found["test_score"].std(ddof=1) if len(folds) > 1 else np.nan}
    if groups is not None:
        by_speaker = _by_speaker(found["estimator"], X, y, np.asarray(groups), folds, scorer)
        worst = min(by_speaker, key=lambda speaker: np.nan_to_num(by_speaker[speaker], nan=np.inf))
        row |= {"worst_speaker": worst, "worst_speaker_score": by_speaker[worst]}
    row |= {"fit_time": found["fit_time"].mean(), "score_time": found["score_time"].mean()}
    row["size"] = _megabytes(found["estimator"][0])
    return row | {"scores": found["test_score"]}


def _by_speaker(estimators, X, y, groups, folds, scorer):
    """Mean score of every speaker over the folds that test him or her."""
    scores: dict = {}
    for estimator, (_, test) in zip(estimators, folds, strict=True):
        for speaker in np.unique(groups[test]):
            own = test[groups[test] == speaker]
            try:
                score = scorer(estimator, _safe_indexing(X, own), y[own])
            except ValueError:  # a speaker may lack what a score needs, such as a second label
                score = np.nan
            scores.setdefault(speaker, []).append(score)
    return {speaker: float(np.mean(of_one)) for speaker, of_one in scores.items()}


def _megabytes(estimator):
    """Of its pickle; NaN of what has none."""
    try:
        return len(pickle.dumps(estimator)) / 1e6
    except (pickle.PicklingError, AttributeError, TypeError):
        return np.nan


def paired_p_value(differences, share):
    """Of the corrected resampled t-test, two-sided.

    Parameters
    ----------
    differences : ndarray of shape (n_folds,)
        Of two scores.
    share : float
        Test clips for each training clip.

    Returns
    -------
    p_value : float
        1 where all differences are 0; NaN for a single fold.
    """
    n_folds = len(differences)
    if n_folds < 2:
        return np.nan
    mean, variance = differences.mean(), differences.var(ddof=1)
    if variance == 0:
        return 1.0 if mean == 0 else 0.0
    t = mean / np.sqrt((1 / n_folds + share) * variance)
    return float(2 * stats.t.sf(abs(t), n_folds - 1))
