"""What a network is to give for every clip, and how much it counts."""

import warnings

import numpy as np
from sklearn.utils import compute_sample_weight

from .._runtime.scikit_learn import _check_sample_weight
from ..features.frames import take_clips


def with_weight(clips, labels, sample_weight, groups=None):
    """Clips whose weight is not 0, with labels, weights and groups.

    Parameters
    ----------
    clips : ndarray or list of ndarray
    labels : ndarray of shape (n,), or (n, n_labels)
    sample_weight : array-like of shape (n,) or None
    groups : array-like of shape (n,) or None, default=None

    Returns
    -------
    clips, labels, weights, groups : ndarray, list of ndarray or None
        All clips, where none has a weight.
    """
    weights = _check_sample_weight(sample_weight, clips, dtype=np.float64, ensure_non_negative=True)
    groups = None if groups is None else np.asarray(groups)
    kept = np.flatnonzero(weights)
    if len(kept) in (0, len(weights)):
        return clips, labels, weights, groups
    return take_clips(clips, kept), labels[kept], weights[kept], None if groups is None else groups[kept]


def one_hot(labels, classes):
    """Shares of the classes.

    Parameters
    ----------
    labels : ndarray of shape (n,)
    classes : ndarray of shape (n_classes,)
        Sorted.

    Returns
    -------
    shares : ndarray of shape (n, n_classes), float32

    Raises
    ------
    ValueError
        A label is none of the classes.
    """
    unknown = np.setdiff1d(labels, classes)
    if len(unknown):
        raise ValueError(f"y has labels {unknown.tolist()} that are not among classes {classes.tolist()}")
    return np.eye(len(classes), dtype=np.float32)[np.searchsorted(classes, labels)]


def check_multilabel(labels, classes, multilabel):
    """Check labels of which a clip has several.

    Parameters
    ----------
    labels : ndarray of shape (n, n_labels)
        1 or 0.
    classes : ndarray of shape (n_classes,)
    multilabel : bool
        Whether the network was made for several.

    Returns
    -------
    targets : ndarray of shape (n, n_labels), float32

    Raises
    ------
    ValueError
        The labels are others than the network's, or no table of 0 and 1.
    """
    if labels.ndim != 2 or not multilabel or labels.shape[1] != len(classes):
        got = f"{labels.shape[1]} labels a clip" if labels.ndim == 2 else "one label a clip"
        expected = f"{len(classes)} labels a clip" if multilabel else "one label a clip"
        raise ValueError(f"y has {got}, expected {expected} as in the first fit")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"several labels a clip must be a table of 0 and 1, got {np.unique(labels)[:5].tolist()}")
    return labels.astype(np.float32)


def weigh(labels, weights, class_weight):
    """Weights of clips times those of their classes.

    Parameters
    ----------
    labels : ndarray of shape (n,), or (n, n_labels)
    weights : ndarray of shape (n,)
    class_weight : dict, "balanced" or None

    Returns
    -------
    weights : ndarray of shape (n,), float32

    Raises
    ------
    ValueError
        A weight of a class is none, or no clip has a weight.
    """
    if class_weight is not None and labels.ndim > 1:
        raise ValueError(f"class_weight={class_weight!r} is for one label a clip; use sample_weight, or None")
    if isinstance(class_weight, dict):
        for label, weight in class_weight.items():
            if not isinstance(weight, int | float | np.number) or not 0 <= weight < np.inf:
                raise ValueError(f"class_weight of {label!r} must be a number of 0 or more, got {weight!r}")
    weights = weights * (1.0 if class_weight is None else compute_sample_weight(class_weight, labels))
    if not weights.any():
        raise ValueError(f"no clip has a weight: sample_weight and class_weight={class_weight} are 0 for all")
    return weights.astype(np.float32)


def warn_of_sentences(labels):
    """Warn where every clip has a label of its own.

    Parameters
    ----------
    labels : ndarray of shape (n,), or (n, n_labels)
    """
    if labels.ndim > 1:
        return
    n_words = [str(label).count(" ") for label in labels]
    if len(labels) > 3 and len(np.unique(labels)) == len(labels) and any(n_words):
        warnings.warn(
            f"each of the {len(labels)} clips has a label of its own: what was said, as a sentence, is for "
            "transcription, not for a classifier",
            stacklevel=6,
        )
