"""SpectrogramDisplay: what a network is given of a clip."""

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from ..features.mel import MelFeatures
from ..features.mfcc import MFCCFeatures
from ..features.transformer import ClipTransformer
from .axes import SPECTRUM, get_axes, pipeline_within


class SpectrogramDisplay:
    """Mel spectrogram or cepstra of a clip, over seconds, as the network sees them.

    Parameters
    ----------
    spectrogram : ndarray of shape (n_frames, n_features)
        Values in decibels, or cepstra.
    features : MelFeatures or MFCCFeatures
        What they were made with.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from sklspeech import datasets
    >>> from sklspeech.display import SpectrogramDisplay
    >>> speech = datasets.make_spoken_words(["yes"], n_speakers=2, n_takes=1, random_state=0)
    >>> display = SpectrogramDisplay.from_estimator(None, speech.data[0])
    >>> display.ax_.get_ylabel()
    'Hz'
    """

    def __init__(self, spectrogram, features):
        self.spectrogram = spectrogram
        self.features = features

    @classmethod
    def from_estimator(cls, estimator, clip, *, ax=None):
        """Draw the features of a clip.

        Parameters
        ----------
        estimator : MelFeatures, MFCCFeatures, pipeline that begins with them, or None
            What has not been fitted is fitted to the clip; None is ``MelFeatures(duration=None)``.
        clip : str, PathLike, ndarray of shape (n_samples,), bytes, or (int, ndarray)
            A recording.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : SpectrogramDisplay

        Raises
        ------
        ValueError
            The estimator does not begin with MelFeatures or MFCCFeatures.
        """
        features = front_end(MelFeatures(duration=None) if estimator is None else estimator, clip)
        return cls(np.asarray(features.transform([clip])[0]), features).plot(ax=ax)

    def plot(self, ax=None, *, colorbar=True):
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.
        colorbar : bool, default=True
            Say beside it what the colours mean.

        Returns
        -------
        self : object
        """
        self.ax_ = get_axes(ax)
        image = draw_spectrogram(self.ax_, self.spectrogram, self.features)
        if colorbar:
            label = "cepstrum" if isinstance(self.features, MFCCFeatures) else "dB"
            self.ax_.figure.colorbar(image, ax=self.ax_, label=label, pad=0.01)
        self.figure_ = self.ax_.figure
        return self


def front_end(estimator, clip):
    """The features that an estimator begins with, fitted.

    Parameters
    ----------
    estimator : estimator
    clip : object
        A recording, for features that are not fitted.

    Returns
    -------
    features : MelFeatures or MFCCFeatures
    """
    features = estimator if isinstance(estimator, ClipTransformer) else pipeline_within(estimator)[0]
    if not isinstance(features, MelFeatures | MFCCFeatures):
        raise ValueError(f"a spectrogram is of MelFeatures or MFCCFeatures, got {type(features).__name__}")
    try:
        check_is_fitted(features)
    except NotFittedError:
        features = clone(features).fit([clip])
    return features


def draw_spectrogram(ax, values, features):
    """Draw mel bands at their frequencies, or cepstra by number.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    values : ndarray of shape (n_frames, n_features)
    features : MelFeatures or MFCCFeatures

    Returns
    -------
    image : matplotlib.collections.QuadMesh
    """
    import librosa.display

    shared = {"sr": features.sample_rate, "hop_length": features.hop_length, "x_axis": "time", "ax": ax}
    if isinstance(features, MFCCFeatures):
        # The first coefficient is the level, and ten times as large as the others.
        largest = np.abs(values[:, 1:]).max(initial=1e-6)
        image = librosa.display.specshow(values.T, cmap="PuOr", vmin=-largest, vmax=largest, **shared)
        ax.set(ylabel="coefficient", yticks=np.arange(0, values.shape[1], 5))
    else:
        bounds = {"fmin": features.fmin, "fmax": features.fmax or features.sample_rate / 2, "htk": features.htk}
        image = librosa.display.specshow(values.T, y_axis="mel", cmap=SPECTRUM, **bounds, **shared)
        ax.set_ylabel("Hz")
    ax.set_xlabel("seconds")
    return image
