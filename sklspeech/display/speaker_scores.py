"""SpeakerScoreDisplay: whom a recognizer understands, and whom it does not."""

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.utils import check_consistent_length

from ..metrics import word_error_rate
from .axes import BLUE, VERMILLION, get_axes, network_within

_MOST = 40  # speakers that are told apart
_WIDE = 0.15  # of a bar that a number can stand on


class SpeakerScoreDisplay:
    """Accuracy, or word error rate, of every speaker, the worst first.

    Parameters
    ----------
    speakers : ndarray of shape (n_speakers,)
        The worst first.
    scores : ndarray of shape (n_speakers,)
        Accuracy, or word error rate.
    n_clips : ndarray of shape (n_speakers,)
        Of every speaker.
    overall : float
        Of all clips together.
    name : str
        What is measured.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from sklspeech.display import SpeakerScoreDisplay
    >>> said, heard, speakers = ["no", "yes", "no", "no"], ["no", "no", "no", "no"], ["ada", "ada", "bo", "bo"]
    >>> display = SpeakerScoreDisplay.from_predictions(said, heard, speakers)
    >>> display.speakers.tolist(), display.scores.tolist()
    (['ada', 'bo'], [0.5, 1.0])
    """

    def __init__(self, speakers, scores, n_clips, overall, name):
        self.speakers = speakers
        self.scores = scores
        self.n_clips = n_clips
        self.overall = overall
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, X, y, groups, *, ax=None):
        """Draw the scores of a recognizer: accuracy, or of sentences word error rates.

        Parameters
        ----------
        estimator : fitted classifier or transcriber
            What is measured.
        X : array-like of shape (n, ...)
            Clips.
        y : array-like of shape (n,)
            Labels, or sentences.
        groups : array-like of shape (n,)
            Speakers.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : SpeakerScoreDisplay
        """
        is_text = hasattr(network_within(estimator), "predict_words")
        return cls.from_predictions(y, estimator.predict(X), groups, is_text=is_text, ax=ax)

    @classmethod
    def from_predictions(cls, y_true, y_pred, groups, *, is_text=False, ax=None):
        """Draw the scores of predictions, such as those of `cross_val_predict`.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            What was said.
        y_pred : array-like of shape (n,)
            What was heard.
        groups : array-like of shape (n,)
            Speakers.
        is_text : bool, default=False
            Sentences, of which word error rates are drawn.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : SpeakerScoreDisplay
        """
        check_consistent_length(y_true, y_pred, groups)
        y_true, y_pred, groups = np.asarray(y_true), np.asarray(y_pred), np.asarray(groups)
        score = word_error_rate if is_text else accuracy_score
        speakers, n_clips = np.unique(groups, return_counts=True)
        scores = np.array([score(y_true[groups == one], y_pred[groups == one]) for one in speakers])
        order = np.argsort(-scores if is_text else scores, kind="stable")
        name = "word error rate" if is_text else "accuracy"
        overall = float(score(y_true, y_pred))
        return cls(speakers[order], scores[order], n_clips[order], overall, name).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the worst 40 speakers.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : object
        """
        n_speakers = min(len(self.speakers), _MOST)
        self.ax_ = ax = get_axes(ax, height=max(2.0, 1.2 + 0.24 * n_speakers))
        scores = self.scores[:n_speakers]
        ax.barh(np.arange(n_speakers), scores, color=BLUE)
        ax.set_yticks(np.arange(n_speakers), [f"{who} ({n})" for who, n in self._named(n_speakers)])
        for i, score in enumerate(scores):
            colour = "white" if score > _WIDE else "black"
            ax.text(0.01, i, f"{score:.3f}", color=colour, va="center", fontsize="small", weight="bold")
        ax.axvline(self.overall, color=VERMILLION, linestyle="--", label=f"all clips: {self.overall:.3f}")
        ax.invert_yaxis()
        ax.set(xlabel=self.name, ylabel="speaker (clips)", xlim=(0, max(1.0, scores.max())))
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
        self.figure_ = ax.figure
        return self

    def _named(self, n_speakers):
        return zip(self.speakers[:n_speakers], self.n_clips[:n_speakers], strict=True)
