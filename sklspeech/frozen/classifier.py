"""FrozenClassifier: a trained network of labels."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError

from .._runtime.public import public
from ..errors import FrozenError
from ..features.frames import check_frames
from .network import FrozenNetwork


@public
@dataclass(eq=False, repr=False, kw_only=True)
class FrozenClassifier(ClassifierMixin, FrozenNetwork):
    """A classifier of clips that is trained already and predicts with ONNX Runtime.

    `sklspeech.freeze` makes it of a trained network. It does not train.

    Parameters
    ----------
    graph : bytes
        The ONNX graph, from features of shape (n, n_frames, n_features) to probabilities; one of clips of different
        lengths takes padded features, and ``n_frames`` of shape (n,).
    n_jobs : int or None, default=None
        Threads, each of which predicts 32 clips at a time; None is 1, -1 is one a core. See also `FrozenPipeline`,
        where those of the features predict as well.
    classes : tuple of str, int, float or bool
        Labels, in the order of the probabilities.
    multilabel : bool, default=False
        Whether a clip has several of the labels: all that are more probable than not.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of the probabilities.
    n_features_in_ : int
        Features of a frame.

    Examples
    --------
    >>> from sklspeech import MelFeatures, Pipeline, SpeechCNN, datasets, freeze
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=4, n_takes=5, random_state=0)
    >>> pipeline = Pipeline([MelFeatures(), SpeechCNN(filters=(16,), epochs=12, random_state=0)])
    >>> frozen = freeze(pipeline.fit(speech.data, speech.target))
    >>> frozen[-1].classes_.tolist()
    ['no', 'yes']
    """

    _parameter_constraints: ClassVar[dict] = {
        **FrozenNetwork._parameter_constraints,
        "classes": [tuple, list],
        "multilabel": ["boolean"],
    }

    classes: tuple
    multilabel: bool = False

    @property
    def classes_(self):
        """Labels, in the order of the probabilities."""
        return np.array(self.classes)

    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features), or (n, n_features), which is one frame a clip; or list of n
            arrays of shape (n_frames_i, n_features), for a graph of clips of different lengths
            Features.

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes), float32

        Raises
        ------
        ValueError
            X is not of the shape of the training clips, or has NaN or infinite values.
        """
        clips = self._check_shape(check_frames(X))
        probabilities = np.empty((len(clips), len(self.classes)), np.float32)
        for indices, of_batch in self._run(clips):
            probabilities[indices] = of_batch
        return probabilities

    def _check_shape(self, clips):
        """Clips as the graph takes them: an array where it has one length, a list where it has not."""
        n_frames, n_features = self.input_shape_
        shapes = {clip.shape for clip in clips} if isinstance(clips, list) else {clips.shape[1:]}
        if n_frames is None and {shape[1] for shape in shapes} == {n_features}:
            return list(clips)
        if shapes != {(n_frames, n_features)}:
            found = ", ".join(map(str, sorted(shapes)[:3]))
            raise ValueError(
                f"X has clips of shape {found}, but FrozenClassifier is expecting {(n_frames, n_features)}: frames, "
                "features"
            )
        return np.stack(clips) if isinstance(clips, list) else clips

    def predict(self, X):
        """The most probable class of every clip.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features) or (n, n_features), or list of n arrays of shape (n_frames_i,
            n_features)
            Features.

        Returns
        -------
        labels : ndarray of shape (n,)
        """
        probabilities = self.predict_proba(X)
        return (probabilities > 0.5).astype(int) if self.multilabel else self.classes_[probabilities.argmax(axis=1)]


@public
@dataclass(eq=False, repr=False)
class UnfittedPlaceholder(ClassifierMixin, BaseEstimator):
    """Placeholder for a network that was never fitted, such as the template inside a frozen VotingClassifier.

    Raises an error if it is used.

    Parameters
    ----------
    name : str
        The class of the network.
    """

    name: str

    def fit(self, X, y):
        """Refuse: a frozen estimator does not train.

        Parameters
        ----------
        X : object
            Ignored.
        y : object
            Ignored.

        Raises
        ------
        FrozenError
            Always.
        """
        raise FrozenError(f"this estimator is frozen: its {self.name} cannot be trained")

    def predict(self, X):
        """Refuse: there is nothing to predict with.

        Parameters
        ----------
        X : object
            Ignored.

        Raises
        ------
        NotFittedError
            Always.
        """
        raise NotFittedError(f"this {self.name} was not trained when it was frozen")

    predict_proba = predict
