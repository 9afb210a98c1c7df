"""Folds of speakers, where speakers are known."""

from numbers import Integral

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, check_cv


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
