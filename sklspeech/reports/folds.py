"""Folds of speakers, where speakers are known."""

from numbers import Integral

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, check_cv

from .._runtime.progress import Progress
from .._runtime.scikit_learn import _safe_indexing

_FOLDS = 5


def make_folds(cv, y, groups, estimator):
    """The folds of a cross-validation.

    Parameters
    ----------
    cv : int, splitter, iterable of splits, or None
        A number, or None for 5 or as many as there are speakers, means folds of whole speakers where there are several.
    y : ndarray of shape (n,)
    groups : array-like of shape (n,) or None
    estimator : estimator
        Of a classifier folds are stratified.

    Returns
    -------
    folds : list of (ndarray, ndarray)
        Positions to train on, and to test.
    """
    if groups is not None and len(set(groups)) > 1 and (cv is None or isinstance(cv, Integral)):
        n_folds = min(_FOLDS, len(set(groups))) if cv is None else cv
        cv = (StratifiedGroupKFold if is_classifier(estimator) else GroupKFold)(n_folds)
    return list(check_cv(cv, y, classifier=is_classifier(estimator)).split(np.zeros(len(y)), y, groups))


def predict_by_folds(estimator, X, y, folds, classes=None):
    """What estimators say of clips that they were not trained on, as of `cross_val_predict`, with progress.

    Parameters
    ----------
    estimator : estimator
    X : array-like of shape (n, ...)
    y : ndarray of shape (n,)
    folds : list of (ndarray, ndarray)
    classes : ndarray of shape (n_classes,) or None, default=None
        Sorted labels, for their probabilities as well.

    Returns
    -------
    predicted : ndarray of shape (n,)
    probabilities : ndarray of shape (n, n_classes)
        With `classes` alone; NaN of labels that a fold had not trained on.

    Raises
    ------
    ValueError
        Folds do not test every clip once.
    """
    tested = np.concatenate([test for _, test in folds])
    if not np.array_equal(np.sort(tested), np.arange(len(y))):
        raise ValueError("cv must test every clip once, as KFold and LeaveOneGroupOut do")
    predicted = np.empty(len(y), object)
    probabilities = None if classes is None else np.full((len(y), len(classes)), np.nan)
    with Progress(f"fold 1 of {len(folds)}", len(folds)) as progress:
        for i, (train, test) in enumerate(folds):
            fitted = clone(estimator).fit(_safe_indexing(X, train), y[train])
            clips = _safe_indexing(X, test)
            predicted[test] = fitted.predict(clips)
            if probabilities is not None:
                is_known = np.isin(fitted.classes_, classes)
                columns = np.searchsorted(classes, fitted.classes_[is_known])
                probabilities[np.ix_(test, columns)] = fitted.predict_proba(clips)[:, is_known]
            progress.advance(detail=f"fold {min(i + 2, len(folds))} of {len(folds)}")
    return predicted if probabilities is None else (predicted, probabilities)
