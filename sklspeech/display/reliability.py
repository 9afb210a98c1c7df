"""ReliabilityDisplay: whether probabilities can be believed."""

import numpy as np

from ..metrics import expected_calibration_error
from .axes import BLUE, GREY, get_axes


class ReliabilityDisplay:
    """How often the most probable label is right, by its probability.

    Where probabilities can be believed, points lie on the diagonal; below it a recognizer is surer than it should be.
    A point's size says how many clips it stands for. A. Niculescu-Mizil and R. Caruana, Predicting Good Probabilities
    with Supervised Learning, ICML 2005; C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017.

    Parameters
    ----------
    confidence : ndarray of shape (n_bins,)
        Mean probability of the clips of a bin; NaN where there are none.
    accuracy : ndarray of shape (n_bins,)
        Share of them that are right.
    n_clips : ndarray of shape (n_bins,)
        Clips of a bin.
    error : float
        Expected calibration error.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from sklspeech.display import ReliabilityDisplay
    >>> proba = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]
    >>> display = ReliabilityDisplay.from_predictions(["no", "yes", "yes"], proba, labels=["no", "yes"])
    >>> round(display.error, 2)
    0.3
    """

    def __init__(self, confidence, accuracy, n_clips, error):
        self.confidence = confidence
        self.accuracy = accuracy
        self.n_clips = n_clips
        self.error = error

    @classmethod
    def from_estimator(cls, estimator, X, y, *, n_bins=10, ax=None):
        """Draw the reliability of a classifier on clips that it was not trained on.

        Parameters
        ----------
        estimator : fitted classifier
            With `predict_proba`.
        X : array-like of shape (n, ...)
            Clips.
        y : array-like of shape (n,)
            Labels.
        n_bins : int, default=10
            Bins of the probability.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ReliabilityDisplay
        """
        return cls.from_predictions(y, estimator.predict_proba(X), labels=estimator.classes_, n_bins=n_bins, ax=ax)

    @classmethod
    def from_predictions(cls, y_true, y_proba, *, labels, n_bins=10, ax=None):
        """Draw the reliability of probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels.
        y_proba : array-like of shape (n, n_classes)
            Probabilities.
        labels : array-like of shape (n_classes,)
            Of the columns.
        n_bins : int, default=10
            Bins of the probability.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ReliabilityDisplay

        Raises
        ------
        ValueError
            As `sklspeech.metrics.expected_calibration_error`.
        """
        error = expected_calibration_error(y_true, y_proba, labels=labels, n_bins=n_bins)
        probabilities = np.asarray(y_proba)
        confidence = probabilities.max(axis=1)
        right = np.asarray(labels)[probabilities.argmax(axis=1)] == np.asarray(y_true)
        bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
        n_clips = np.bincount(bins, minlength=n_bins)
        with np.errstate(invalid="ignore"):  # of bins without clips
            mean = np.bincount(bins, confidence, n_bins) / n_clips
            accuracy = np.bincount(bins, right, n_bins) / n_clips
        return cls(mean, accuracy, n_clips, error).plot(ax=ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : object
        """
        self.ax_ = ax = get_axes(ax, height=4.2)
        ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="as it should be")
        ax.plot(self.confidence, self.accuracy, color=BLUE, alpha=0.5)
        sizes = 20 + 300 * self.n_clips / max(1, self.n_clips.max())
        ax.scatter(self.confidence, self.accuracy, sizes, color=BLUE, label=f"calibration error {self.error:.3f}")
        ax.set(xlabel="probability of the most probable label", ylabel="share that is right", ylim=(-0.05, 1.05))
        ax.grid(alpha=0.3)
        ax.legend(loc="lower right", markerscale=0.5)
        self.figure_ = ax.figure
        return self
