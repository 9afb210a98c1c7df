"""What a recognizer says of clips, as reports need it."""

import numpy as np


def is_transcriber(estimator):
    """Whether an estimator writes sentences, within a search as well.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    is_transcriber : bool
    """
    while not hasattr(estimator, "predict_words"):
        around = [name for name in ("best_estimator_", "estimator_", "estimator") if hasattr(estimator, name)]
        if not around:
            return False
        estimator = getattr(estimator, around[0])
    return True


def without_search(estimator):
    """The fitted estimator within a search, which has methods that the search has not.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    estimator : estimator
    """
    return getattr(estimator, "best_estimator_", estimator)


def confidence_of(words):
    """Mean confidence of words; 0 of none.

    Parameters
    ----------
    words : list of Word

    Returns
    -------
    confidence : float
    """
    return float(np.mean([word.confidence for word in words] or [0.0]))


def probabilities_of(labels, probabilities, classes):
    """The probability of every label; of one that no column is for, or that was rejected, that of the most probable.

    Parameters
    ----------
    labels : ndarray of shape (n,)
    probabilities : ndarray of shape (n, n_classes)
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    found : ndarray of shape (n,)
    """
    columns = {label: i for i, label in enumerate(np.asarray(classes).tolist())}
    own = [columns.get(label, -1) for label in np.asarray(labels).tolist()]
    best = probabilities.max(axis=1)
    found = np.array([row[i] if i >= 0 else p for row, i, p in zip(probabilities, own, best, strict=True)])
    return np.where(found > 0, found, best)
