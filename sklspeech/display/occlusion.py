"""OcclusionDisplay: what in a clip a decision rests on."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .axes import get_axes, pipeline_within
from .spectrogram import draw_spectrogram, front_end

_AT_ONCE = 256  # covered copies of a clip that go through the network together
_OPAQUE = 0.75


class OcclusionDisplay:
    """How much the probability of a label falls where a patch of the spectrogram is covered.

    The patch is filled with the mean of the clip and goes over time and frequency by half its size; every place shows
    the mean fall of all patches that cover it. M. Zeiler and R. Fergus, Visualizing and Understanding Convolutional
    Networks, ECCV 2014.

    Parameters
    ----------
    spectrogram : ndarray of shape (n_frames, n_features)
        Features of the clip.
    features : MelFeatures or MFCCFeatures
        What it was made with.
    importance : ndarray of shape (n_frames, n_features)
        Mean fall of the probability; negative where it rises.
    label : object
        Whose probability.
    probability : float
        Of the label, nothing covered.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    """

    def __init__(self, spectrogram, features, importance, label, probability):
        self.spectrogram = spectrogram
        self.features = features
        self.importance = importance
        self.label = label
        self.probability = probability

    @classmethod
    def from_estimator(cls, estimator, clip, label=None, *, duration=0.1, n_features=8, ax=None):
        """Draw what a classifier's decision rests on.

        Parameters
        ----------
        estimator : fitted pipeline of features and a classifier
            With `predict_proba`.
        clip : str, PathLike, ndarray of shape (n_samples,), bytes, or (int, ndarray)
            A recording.
        label : object, default=None
            Whose probability is looked at; None is the most probable label.
        duration : float, default=0.1
            Seconds of a patch.
        n_features : int, default=8
            Bands of a patch.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : OcclusionDisplay

        Raises
        ------
        ValueError
            The estimator is no pipeline with `predict_proba`, or does not know the label.
        """
        pipeline = pipeline_within(estimator)
        check_is_fitted(pipeline)
        if not hasattr(pipeline, "predict_proba"):
            raise ValueError(f"an occlusion is of a classifier with probabilities, got {type(pipeline[-1]).__name__}")
        features = front_end(pipeline, clip)
        row = np.asarray(features.transform([clip])[0])
        classes = np.asarray(pipeline.classes_)
        known = _probabilities(pipeline, row[None])[0]
        column = int(known.argmax()) if label is None else _find(classes, label)
        n_frames = max(2, round(duration * features.sample_rate / features.hop_length))
        importance = _importance(pipeline, row, column, known[column], (n_frames, min(n_features, row.shape[1])))
        return cls(row, features, importance, classes[column], float(known[column])).plot(ax=ax)

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
        self.ax_ = ax = get_axes(ax)
        image = draw_spectrogram(ax, self.spectrogram, self.features)
        image.set_cmap("gray")
        largest = max(1e-6, float(np.abs(self.importance).max()))
        over = draw_spectrogram(ax, self.importance, self.features)
        over.set(cmap="PuOr_r", clim=(-largest, largest))
        over.set_alpha(np.minimum(np.abs(self.importance.T) / largest, _OPAQUE))  # what counts for nothing stays grey
        ax.figure.colorbar(over, ax=ax, label="fall of the probability", pad=0.01)
        ax.set_title(f"{self.label}, probability {self.probability:.2f}", fontsize="medium")
        self.figure_ = ax.figure
        return self


def _find(classes, label):
    found = np.flatnonzero(classes == label)
    if not len(found):
        raise ValueError(f"label must be one of {classes.tolist()}, got {label!r}")
    return int(found[0])


def _probabilities(pipeline, rows):
    """Of rows of features: all steps but the first."""
    for _, step in pipeline.steps[1:-1]:
        rows = step.transform(rows)
    return pipeline[-1].predict_proba(rows)


def _importance(pipeline, row, column, probability, size):
    """Mean fall over the patches that cover a place, of the shape of the row."""
    patches = [
        (slice(start, start + size[0]), slice(low, low + size[1]))
        for start in _starts(row.shape[0], size[0])
        for low in _starts(row.shape[1], size[1])
    ]
    falls, counts = np.zeros(row.shape), np.zeros(row.shape)
    mean = row.mean()
    for first in range(0, len(patches), _AT_ONCE):
        some = patches[first : first + _AT_ONCE]
        covered = np.repeat(row[None], len(some), axis=0)
        for one, patch in zip(covered, some, strict=True):
            one[patch] = mean
        fall = probability - _probabilities(pipeline, covered)[:, column]
        for patch, of_one in zip(some, fall, strict=True):
            falls[patch] += of_one
            counts[patch] += 1
    return falls / counts


def _starts(length, size):
    """Where patches begin: every half of their size, the last at the end."""
    last = max(0, length - size)
    return sorted({*range(0, last, max(1, size // 2)), last})
