"""error_report: which clips are wrong."""

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from .._runtime.files import atomic_write, check_writable
from .._runtime.once import warnings_once
from .._runtime.requirements import require_extra
from ..errors import AudioError
from ..features.clips import check_clips, clip_duration, clip_name
from ..metrics import word_error_rate
from .error_page import make_page
from .folds import make_folds, predict_by_folds
from .judging import confidence_of, is_transcriber, probabilities_of, without_search
from .tables import import_pandas

_RATE = 16_000  # Hertz of waveforms that come without one


def error_report(estimator, X, y, groups=None, *, cv=None, page=None, n_shown=100):
    """List the clips that a recognizer takes for something else, the worst first.

    Parameters
    ----------
    estimator : classifier or transcriber
        Fitted, and then the clips should be others than it was trained on; or, with `cv`, fitted here to every fold.
    X : array-like of shape (n,) of paths, or list of n waveforms
        Clips.
    y : array-like of shape (n,)
        Labels, or sentences.
    groups : array-like of shape (n,) or None, default=None
        Speakers, for the column and for `cv`.
    cv : int, splitter or None, default=None
        Cross-validation, as in scikit-learn: every clip is judged by an estimator that has not heard it; a number
        means folds of whole speakers where there are groups.
    page : str, PathLike or None, default=None
        HTML file to write, which needs nothing else: with players, spectrograms, confusions and speakers.
    n_shown : int, default=100
        Clips on the page.

    Returns
    -------
    errors : pandas.DataFrame
        A row a wrong clip, and its position in X as index: ``clip``, its path or position; ``true``; ``predicted``;
        ``probability`` of what was predicted; ``speaker``; ``duration`` in seconds. Of labels also
        ``probability_true``, that of the true label, and ``suspicious``: whether the label itself may be wrong, because
        another one is as probable as it is, on average, for clips that bear it (C. Northcutt et al., Confident
        Learning, JAIR 2021). Of sentences also ``word_error_rate``.

    Raises
    ------
    ModuleNotFoundError
        pandas, or for the page Matplotlib, is not installed.
    NotFittedError
        The estimator is not fitted, and `cv` is None.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklspeech import FrameStatistics, MelFeatures, Pipeline, datasets, reports
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=4, n_takes=3, random_state=0)
    >>> pipeline = Pipeline([MelFeatures(), FrameStatistics(), LogisticRegression(max_iter=1000)])
    >>> wrong = speech.target.copy()
    >>> wrong[0] = "no" if wrong[0] == "yes" else "yes"
    >>> errors = reports.error_report(pipeline, speech.data, wrong, speech.groups, cv=4)
    >>> 0 in errors.index
    True
    """
    pandas = import_pandas("error_report")
    if page is not None:
        require_extra("the page of error_report", "display", "matplotlib")
        check_writable(page)
    check_consistent_length(X, y, groups)
    clips, truth = check_clips(X), np.asarray(y)
    if cv is None:
        estimator = without_search(estimator)
        check_is_fitted(estimator)
    folds = None if cv is None else make_folds(cv, truth, groups, estimator)
    judge = _judge_texts if is_transcriber(estimator) else _judge_labels
    with warnings_once():
        table = pandas.DataFrame(judge(estimator, X, truth, folds))
    table.insert(0, "clip", [clip_name(clip, i) for i, clip in enumerate(clips)])
    table["speaker"] = None if groups is None else list(groups)
    table["duration"] = [_duration(clip) for clip in clips]
    errors = table[table["true"] != table["predicted"]]
    worst = "word_error_rate" if "word_error_rate" in table else "probability_true"
    errors = errors.sort_values(worst, ascending=worst != "word_error_rate", kind="stable")
    if page is not None:
        text = make_page(table, errors.head(n_shown), clips, _judges(folds, groups))
        with atomic_write(page) as unchecked:
            unchecked.write_text(text, encoding="utf-8")
    return errors


def _duration(clip):
    try:
        return clip_duration(clip, _RATE)
    except AudioError:  # an estimator may put silence in its place
        return np.nan


def _judges(folds, groups):
    """Who has judged the clips, as a sentence."""
    if folds is None:
        return "Judged by a recognizer that was trained before: clips that it was trained on look better than they are."
    mixed = groups is None or any(np.isin(np.asarray(groups)[a], np.asarray(groups)[b]).any() for a, b in folds)
    heard = "not heard it, though maybe its speaker" if mixed else "heard neither it nor its speaker"
    return f"Judged in {len(folds)} folds: every clip by a recognizer that has {heard}."


def _judge_labels(estimator, X, y, folds):
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(f"error_report needs a classifier with predict_proba, got {type(estimator).__name__}")
    if folds is None:
        classes = np.asarray(estimator.classes_)
        predicted, probabilities = estimator.predict(X), estimator.predict_proba(X)
        unknown = sorted(set(y.tolist()) - set(classes.tolist()))
        if unknown:
            raise ValueError(f"y has labels that the estimator was not trained on: {unknown}")
    else:
        classes = np.unique(y)
        predicted, probabilities = predict_by_folds(estimator, X, y, folds, classes)
    own = np.searchsorted(classes, y)
    known = np.nan_to_num(probabilities)
    return {
        "true": y,
        "predicted": predicted,
        "probability": probabilities_of(predicted, known, classes),
        "probability_true": known[np.arange(len(y)), own],
        "suspicious": find_suspicious(probabilities, own),
    }


def find_suspicious(probabilities, own):
    """Clips of which another label is as probable as it is, on average, for clips that bear it.

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_classes)
        By estimators that were not trained on the clips; NaN of labels that they had not trained on either.
    own : ndarray of shape (n,), int
        Columns of their labels.

    Returns
    -------
    is_suspicious : ndarray of shape (n,), bool
    """
    means = np.full(probabilities.shape[1], np.inf)
    for i in np.unique(own):
        given = probabilities[own == i, i]
        if np.isfinite(given).any() and np.nanmean(given) > 0:
            means[i] = np.nanmean(given)
    confident = np.where(probabilities >= means, probabilities, -1.0)
    best = confident.argmax(axis=1)
    return (confident.max(axis=1) >= 0) & (best != own)


def _judge_texts(estimator, X, y, folds):
    table = {"true": y}
    if folds is None:
        words = estimator.predict_words(X)
        table["predicted"] = estimator.predict(X)
        table["probability"] = [confidence_of(of_one) for of_one in words]
    else:
        table["predicted"] = predict_by_folds(estimator, X, y, folds)
    pairs = zip(y, table["predicted"], strict=True)
    table["word_error_rate"] = [word_error_rate([said], [heard]) for said, heard in pairs]
    return table
