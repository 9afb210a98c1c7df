"""Errors of sentences, pooled: all errors over all words."""

import numpy as np

from .edits import count_edits
from .normalizing import normalize_text


def error_rate(references, hypotheses, normalize, split, weights=None):
    """Errors over units of the references, of all sentences together.

    Parameters
    ----------
    references, hypotheses : array-like of shape (n,), str
    normalize : {"words", "unicode"}, callable or None
    split : callable
        Makes units of a sentence.
    weights : array-like of shape (n,) or None, default=None

    Returns
    -------
    rate : float
        0 where nothing was said nor heard; infinite where nothing was said and something was heard.

    Raises
    ------
    ValueError
        A sentence is no str, or their numbers differ.
    """
    references, hypotheses = list(references), list(hypotheses)
    if len(references) != len(hypotheses) or not references:
        raise ValueError(f"there must be a hypothesis for every reference, got {len(hypotheses)}, {len(references)}")
    weights = np.ones(len(references)) if weights is None else np.asarray(weights, float)
    if weights.shape != (len(references),):
        raise ValueError(f"there must be a weight for each of {len(references)} sentences, got shape {weights.shape}")
    n_errors = n_units = 0.0
    for i, (reference, hypothesis, weight) in enumerate(zip(references, hypotheses, weights, strict=True)):
        for sentence in (reference, hypothesis):
            if not isinstance(sentence, str):
                raise ValueError(f"sentences must be str, got {type(sentence).__name__} in row {i}: {sentence!r}")
        units = split(normalize_text(reference, normalize))
        n_errors += weight * count_edits(units, split(normalize_text(hypothesis, normalize)))
        n_units += weight * len(units)
    if not n_units:
        return float("inf") if n_errors else 0.0
    return float(n_errors / n_units)


def score_texts(references, hypotheses, normalize, weights=None):
    """1 minus the word error rate.

    Parameters
    ----------
    references, hypotheses : array-like of shape (n,), str
    normalize : {"words", "unicode"}, callable or None
    weights : array-like of shape (n,) or None, default=None

    Returns
    -------
    score : float
    """
    return 1.0 - error_rate(references, hypotheses, normalize, str.split, weights)
