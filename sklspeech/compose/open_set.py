"""RejectOption: a classifier that may say that a clip is none of its words."""

from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import GroupKFold, StratifiedKFold
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .._runtime.public import public
from .._runtime.scikit_learn import Interval, _safe_indexing
from ..features.clips import check_clips, clip_waveform
from ..features.labels import check_labels, check_no_missing
from ..features.transformer import ClipTransformer
from .stand_ins import make_stand_ins

_FEWEST_WORDS = 4  # of which some can be left out, and something is still to be told apart


@public
@dataclass(eq=False, repr=False)
class RejectOption(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Let a classifier say "unknown" where none of its words is probable enough.

    The threshold is chosen in `fit`, on clips that the classifier was not trained on: folds of speakers where groups
    are given. If there are unknown words among the clips, they tell how probable an unknown word can get. If there are
    none, words are left out of the training of every fold and are unknown to it.

    Parameters
    ----------
    estimator : estimator
        A classifier with `predict_proba`, such as a pipeline from recordings to labels.
    unknown_label : str, default="unknown"
        Label of what is none of the words, in y as in predictions.
    target_false_alarm_rate : float, default=0.05
        Share of unknown clips that may be taken for a word.
    cv : int, default=3
        Folds. The classifier is trained once for each, and once with all clips.
    stand_ins : float, default=0.5
        Where y has no unknown clips, and X are recordings: the classifier learns this many made-up unknown ones for
        every clip: words spliced of two, words backwards, parts of words, noise and silence.
    random_state : int, RandomState or None, default=None
        Of the folds and of what is made up; the estimator has its own.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The words and `unknown_label`, sorted.
    threshold_ : float
        The lowest probability of the most probable word with which a clip is given that word. It may be changed.
    false_alarm_rate_ : float
        Share of the unknown clips of the folds that were taken for a word.
    miss_rate_ : float
        Share of the known clips of the folds that were taken for unknown.
    unknown_label_ : str
        `unknown_label` as it was in `fit`, which predictions go on to use.
    estimator_ : estimator
        The classifier, fitted to all clips.

    Raises
    ------
    ValueError
        In `fit`: y has no unknown clips and fewer than 4 words, so that nothing tells how probable unknown ones get.

    See Also
    --------
    AugmentedClassifier : Learns background speech and noise as a label of their own.
    sklspeech.metrics.open_set_roc_auc_score : How well known and unknown words are told apart.

    References
    ----------
    D. Hendrycks and K. Gimpel, A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural
    Networks, ICLR 2017. C. K. Chow, On Optimum Recognition Error and Reject Tradeoff, 1970.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklspeech import FrameStatistics, MelFeatures, Pipeline, RejectOption, datasets
    >>> words = ["yes", "no", "stop", "go"]
    >>> speech = datasets.make_spoken_words(words, n_speakers=4, n_takes=6, random_state=0)
    >>> pipeline = Pipeline([MelFeatures(), FrameStatistics(), LogisticRegression(max_iter=1000)])
    >>> classifier = RejectOption(pipeline, random_state=0).fit(speech.data, speech.target, groups=speech.groups)
    >>> classifier.classes_.tolist()
    ['go', 'no', 'stop', 'unknown', 'yes']
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [BaseEstimator],
        "unknown_label": [str],
        "target_false_alarm_rate": [Interval(Real, 0, 1, closed="both")],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "stand_ins": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    }

    estimator: Any
    _: KW_ONLY
    unknown_label: str = "unknown"
    target_false_alarm_rate: float = 0.05
    cv: int = 3
    stand_ins: float = 0.5
    random_state: int | np.random.RandomState | None = None

    def fit(self, X, y, groups=None):
        """Train the classifier, and choose the threshold.

        Parameters
        ----------
        X : array-like of shape (n, ...), or list of n clips
            What the classifier takes.
        y : array-like of shape (n,)
            Labels; `unknown_label` is that of clips that are none of the words.
        groups : array-like of shape (n,) or None, default=None
            Speakers: none is on both sides of a fold.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            X or y cannot be used, or there is nothing to choose a threshold by.
        """
        self._validate_params()
        check_consistent_length(X, y, groups)
        check_labels(y, type(self).__name__)
        check_no_missing(groups, "groups")
        labels = np.asarray(y)
        if labels.dtype.kind not in "OUT":
            raise ValueError(
                f"RejectOption adds the label {self.unknown_label!r}, but y is of type {labels.dtype}: write "
                "y.astype(str)"
            )
        self.unknown_label_ = self.unknown_label
        is_unknown = labels == self.unknown_label
        words = np.unique(labels[~is_unknown])
        if not is_unknown.any() and len(words) < _FEWEST_WORDS:
            raise ValueError(
                f"RejectOption needs clips labelled {self.unknown_label!r}, or {_FEWEST_WORDS} words or more, of which "
                f"some are left out in turn; y has {words.tolist()}"
            )
        random = np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1))
        known, unknown = self._scores_of_folds(X, labels, groups, random)
        self.threshold_ = _threshold(unknown, self.target_false_alarm_rate)
        self.false_alarm_rate_ = float(np.mean(unknown >= self.threshold_))
        self.miss_rate_ = float(np.mean(known < self.threshold_))
        self.estimator_ = self._trained(X, labels, np.arange(len(labels)), random)
        self.classes_ = np.unique(np.append(words, self.unknown_label))
        return self

    def _scores_of_folds(self, X, labels, groups, random):
        """Scores of known and of unknown clips by classifiers that were trained on neither."""
        words = np.unique(labels[labels != self.unknown_label])
        # Words that are left out, in a fold of their own each; none where there are unknown clips anyway.
        left_out = np.array_split(random.permutation(words), self.cv) if self.unknown_label not in labels else None
        known, unknown = [], []
        for i, (train, test) in enumerate(self._folds(labels, groups, random)):
            others = np.array([self.unknown_label]) if left_out is None else left_out[i]
            train = train if left_out is None else train[~np.isin(labels[train], others)]
            if len(np.unique(labels[train])) < 2:
                raise ValueError(
                    f"fold {i} has clips of fewer than 2 words to train on: give fewer folds by cv, or more speakers"
                )
            scores = self._known_scores(self._trained(X, labels, train, random), _safe_indexing(X, test))
            is_other = np.isin(labels[test], others)
            known.append(scores[~is_other])
            unknown.append(scores[is_other])
        if not sum(map(len, known)) or not sum(map(len, unknown)):
            raise ValueError(
                f"the {self.cv} folds have {sum(map(len, known))} known and {sum(map(len, unknown))} unknown clips to "
                "choose a threshold by: give more clips or speakers, or groups that share their words"
            )
        return np.concatenate(known), np.concatenate(unknown)

    def _folds(self, labels, groups, random):
        seed = int(random.integers(2**31 - 1))
        if groups is None:
            return StratifiedKFold(self.cv, shuffle=True, random_state=seed).split(labels, labels)
        return GroupKFold(self.cv, shuffle=True, random_state=seed).split(labels, labels, groups)

    def _trained(self, X, labels, positions, random):
        """A classifier trained on some of the clips, and on what stands in for unknown ones."""
        clips, y = _safe_indexing(X, positions), labels[positions]
        features = self._features()
        n_made = round(self.stand_ins * len(positions))
        if self.unknown_label not in labels and features is not None and n_made:
            rate = features.sample_rate
            waveforms = [clip_waveform(clip, rate) for clip in check_clips(clips)]
            n_samples = int(np.median([len(waveform) for waveform in waveforms]))
            made = make_stand_ins(waveforms.__getitem__, (len(waveforms), n_made), n_samples, random)
            clips, y = [*waveforms, *made], np.append(y, [self.unknown_label] * n_made)
        return clone(self.estimator).fit(clips, y)

    def _features(self):
        """The features of a pipeline from recordings, or None."""
        steps = [step for step in self.estimator.get_params().values() if isinstance(step, ClipTransformer)]
        return steps[0] if steps else None

    def _known_scores(self, estimator, X):
        """The probability of the most probable word."""
        return self._of_words(estimator, X)[1].max(axis=1)

    def _of_words(self, estimator, X):
        """Words that an estimator knows, and their probabilities."""
        is_word = estimator.classes_ != self.unknown_label_
        return estimator.classes_[is_word], estimator.predict_proba(X)[:, is_word]

    def known_score(self, X):
        """How surely every clip is of one of the words: the probability of the most probable one.

        Parameters
        ----------
        X : array-like of shape (n, ...), or list of n clips
            What the classifier takes.

        Returns
        -------
        scores : ndarray of shape (n,)
            From 0 to 1; clips below `threshold_` are unknown.
        """
        check_is_fitted(self)
        return self._known_scores(self.estimator_, X)

    def predict_known(self, X):
        """The most probable word of every clip, however improbable it is.

        Parameters
        ----------
        X : array-like of shape (n, ...), or list of n clips
            What the classifier takes.

        Returns
        -------
        labels : ndarray of shape (n,)
        """
        check_is_fitted(self)
        words, probabilities = self._of_words(self.estimator_, X)
        return words[probabilities.argmax(axis=1)]

    def predict(self, X):
        """The word of every clip, or `unknown_label`.

        Parameters
        ----------
        X : array-like of shape (n, ...), or list of n clips
            What the classifier takes.

        Returns
        -------
        labels : ndarray of shape (n,)
        """
        check_is_fitted(self)
        words, probabilities = self._of_words(self.estimator_, X)
        is_known = probabilities.max(axis=1) >= self.threshold_
        return np.where(is_known, words[probabilities.argmax(axis=1)], self.unknown_label_)

    @available_if(lambda self: hasattr(getattr(self, "estimator_", self.estimator), "predict_proba"))
    def predict_proba(self, X):
        """Probabilities of the words, and of "unknown" as far as the classifier has learned it.

        `predict` does not take the most probable one alone: it rejects by `threshold_`.

        Parameters
        ----------
        X : array-like of shape (n, ...), or list of n clips
            What the classifier takes.

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes)
            Columns in the order of `classes_`.
        """
        check_is_fitted(self)
        given = self.estimator_.predict_proba(X)
        probabilities = np.zeros((len(given), len(self.classes_)), given.dtype)
        probabilities[:, np.searchsorted(self.classes_, self.estimator_.classes_)] = given
        return probabilities

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def _threshold(unknown, rate):
    """The lowest threshold that no more than this share of the scores reaches; scores may be alike."""
    n_accepted = int(rate * len(unknown) + 1e-9)
    if n_accepted == len(unknown):
        return float(unknown.min())
    score = np.sort(unknown)[::-1][n_accepted]
    return float(np.nextafter(score, np.inf, dtype=unknown.dtype))  # the next number of that precision
