"""Clips set aside for early stopping; Keras would take the last ones, which often are all of one class."""

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, train_test_split

_MAX_DRAWS = 50  # of groups to set aside, until every class is left to train on


def split_validation(y, groups, fraction, seed):
    """Set clips aside: stratified by class, or whole groups.

    Parameters
    ----------
    y : ndarray of shape (n,), or (n, n_labels)
        Labels.
    groups : array-like of shape (n,) or None
        Speaker of every clip.
    fraction : float
        Share of the clips, or of the groups, to set aside.
    seed : int

    Returns
    -------
    train, validation : ndarray of int
        Positions.

    Raises
    ------
    ValueError
        There are too few clips or groups.
    """
    return _stratified(y, fraction, seed) if groups is None else _by_group(y, np.asarray(groups), fraction, seed)


def split_sentences(sentences, groups, fraction, seed):
    """Set clips aside: whole groups, or else all clips of some sentences.

    Parameters
    ----------
    sentences : ndarray of shape (n,), object
        What is said in every clip.
    groups : array-like of shape (n,) or None
        Speaker of every clip.
    fraction : float
        Share of the groups, or of the sentences, to set aside.
    seed : int

    Returns
    -------
    train, validation : ndarray of int
        Positions.

    Raises
    ------
    ValueError
        There are too few groups.
    """
    kept_together = sentences if groups is None else np.asarray(groups)
    if len(set(kept_together)) < 2:
        raise ValueError(f"early_stopping needs 2 groups or more, got {sorted(set(kept_together))}")
    draws = GroupShuffleSplit(n_splits=1, test_size=float(fraction), random_state=seed)
    return next(draws.split(sentences, groups=kept_together))


def _by_group(y, groups, fraction, seed):
    if len(np.unique(groups)) < 2:
        raise ValueError(f"early_stopping needs 2 groups or more, got {np.unique(groups).tolist()}")
    present = _classes_of(y)
    draws = GroupShuffleSplit(n_splits=_MAX_DRAWS, test_size=float(fraction), random_state=seed)
    for train, validation in draws.split(y, groups=groups):
        if np.array_equal(_classes_of(y[train]), present):
            return train, validation
    raise ValueError(f"early_stopping found no groups to set aside that leave clips of all {len(present)} classes")


def _classes_of(y):
    """Labels that are there; of several a clip their columns."""
    return np.unique(y) if y.ndim == 1 else np.flatnonzero(y.any(axis=0))


def _stratified(y, fraction, seed):
    if y.ndim > 1:  # few clips share all of their labels
        return train_test_split(np.arange(len(y)), test_size=float(fraction), random_state=seed)
    classes, counts = np.unique(y, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            f"early_stopping needs 2 clips or more of every class, got 1 of {classes[counts == 1].tolist()}"
        )
    n_validation = max(round(float(fraction) * len(y)), len(classes))
    if len(y) - n_validation < len(classes):
        raise ValueError(
            f"validation_fraction={fraction} leaves {len(y) - n_validation} of {len(y)} clips for the training of "
            f"{len(classes)} classes"
        )
    return train_test_split(np.arange(len(y)), test_size=n_validation, stratify=y, random_state=seed)
