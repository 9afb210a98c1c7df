"""Measures of recognition that scikit-learn has not."""

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_array, column_or_1d


def expected_calibration_error(y_true, y_proba, *, labels, n_bins=15):
    """How far the probability of the predicted class is from the share of predictions that are right.

    Clips are put into `n_bins` bins of equal width by the probability of their most probable class; the error is the
    mean over the bins, weighted with their clips, of the difference between that probability and the accuracy.
    C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels.
    y_proba : array-like of shape (n, n_classes)
        Probabilities of `predict_proba`.
    labels : array-like of shape (n_classes,)
        Of the columns: the classifier's `classes_`.
    n_bins : int, default=15
        Bins of the probability.

    Returns
    -------
    error : float
        From 0, perfectly calibrated, to 1.

    Raises
    ------
    ValueError
        The lengths do not fit, a probability is not between 0 and 1, or y_true has a label that is not among `labels`.

    Examples
    --------
    >>> from sklspeech.metrics import expected_calibration_error
    >>> round(expected_calibration_error(["no", "yes"], [[0.9, 0.1], [0.1, 0.9]], labels=["no", "yes"]), 2)
    0.1
    """
    y_true, y_proba = column_or_1d(y_true), check_array(y_proba)
    check_consistent_length(y_true, y_proba)
    if y_proba.shape[1] != len(labels):
        raise ValueError(f"y_proba must have a column for each of {len(labels)} labels, got {y_proba.shape[1]}")
    unknown = sorted(set(y_true.tolist()) - set(np.asarray(labels).tolist()))
    if unknown:
        raise ValueError(f"y_true has {unknown}, which are not among labels={np.asarray(labels).tolist()}")
    if n_bins != int(n_bins) or n_bins < 1:
        raise ValueError(f"n_bins must be a positive integer, got {n_bins!r}")
    if y_proba.min() < 0 or y_proba.max() > 1 + 1e-6:
        raise ValueError(f"probabilities must be from 0 to 1, got {y_proba.min():g} to {y_proba.max():g}")
    confidence = y_proba.max(axis=1)
    right = np.asarray(labels)[y_proba.argmax(axis=1)] == y_true
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    excess = np.bincount(bins, weights=confidence - right, minlength=n_bins)  # sum over the clips of a bin
    return float(np.abs(excess).sum() / len(y_true))
