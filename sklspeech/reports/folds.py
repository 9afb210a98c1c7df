"""Folds of speakers, where speakers are known."""

from numbers import Integral

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, check_cv

from .._runtime.progress import Progress
from .._runtime.scikit_learn import _safe_indexing


def make_folds(cv, y, groups, estimator):
    """The folds of a cross-validation.

    Parameters
    ----------
    cv : int, splitter, iterable of splits, or None
        A number, or None for 5, means folds of whole speakers where there are several.
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
        cv = (StratifiedGroupKFold if is_classifier(estimator) else GroupKFold)(5 if cv is None else cv)
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
        Sorted labels, for their probabilities; None is for predictions.

    Returns
    -------
    predicted : ndarray of shape (n,), or (n, n_classes)
        Probabilities of labels that a fold had not trained on are 0.

    Raises
    ------
    ValueError
        Folds do not test every clip once.
    """
    tested = np.concatenate([test for _, test in folds])
    if not np.array_equal(np.sort(tested), np.arange(len(y))):
        raise ValueError("cv must test every clip once, as KFold and LeaveOneGroupOut do")
    found = np.empty(len(y), object) if classes is None else np.zeros((len(y), len(classes)))
    with Progress(f"fold 1 of {len(folds)}", len(folds)) as progress:
        for i, (train, test) in enumerate(folds):
            fitted = clone(estimator).fit(_safe_indexing(X, train), y[train])
            clips = _safe_indexing(X, test)
            if classes is None:
                found[test] = fitted.predict(clips)
            else:
                found[np.ix_(test, np.searchsorted(classes, fitted.classes_))] = fitted.predict_proba(clips)
            progress.advance(detail=f"fold {min(i + 2, len(folds))} of {len(folds)}")
    return found
