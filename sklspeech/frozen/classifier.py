"""FrozenClassifier: a trained network as an ONNX graph, loaded and run without the framework that trained it."""

from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_array

from .._runtime.public import public
from .._runtime.threads import count_threads, map_in_threads

CLIPS_PER_CALL = 32  # bounded memory, and what measures best
_INPUT = "features"


class Graph(bytes):
    """An ONNX graph, whose repr does not fill the screen."""

    def __repr__(self):
        return f"Graph({len(self):,} bytes)"


@public
@dataclass(eq=False, repr=False, kw_only=True)
class FrozenClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of clips that is trained already and predicts with ONNX Runtime.

    `sklspeech.freeze` makes it of a trained network. It is not trained further: `fit` leaves it as it is.

    Parameters
    ----------
    graph : bytes
        The ONNX graph, from features of shape (n, n_frames, n_features) to probabilities.
    classes : tuple of str, int, float or bool
        Labels, in the order of the probabilities.
    n_jobs : int or None, default=None
        Threads, each of which predicts 32 clips at a time; None is 1, -1 is one a core. See also `sklspeech.Pipeline`,
        where those of the features predict as well.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
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
    >>> frozen.predict(speech.data[:2]).tolist()
    ['yes', 'yes']
    """

    _parameter_constraints: ClassVar[dict] = {
        "graph": [bytes],
        "classes": [tuple, list],
        "n_jobs": [Integral, None],
    }

    graph: bytes
    classes: tuple
    n_jobs: int | None = None

    def fit(self, X, y=None):
        """Do nothing.

        Parameters
        ----------
        X, y : object
            Ignored.

        Returns
        -------
        self : object
        """
        self._validate_params()
        return self

    @property
    def classes_(self):
        """Labels, in the order of the probabilities."""
        return np.array(self.classes)

    @property
    def n_features_in_(self):
        """Features of a frame."""
        return self._shape[1]

    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features), or (n, n_features), which is one frame a clip

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes), float32

        Raises
        ------
        ValueError
            X is not of the shape of the training clips, or has NaN or infinite values.
        """
        X = check_array(X, dtype=np.float32, order="C", allow_nd=True, input_name="X")
        X = X[:, None, :] if X.ndim == 2 else X
        if X.shape[1:] != self._shape:
            raise ValueError(
                f"X has clips of shape {X.shape[1:]}, but FrozenClassifier is expecting {self._shape}: frames, features"
            )
        session = self._load()
        pieces = [X[i : i + CLIPS_PER_CALL] for i in range(0, len(X), CLIPS_PER_CALL)]
        probabilities = map_in_threads(
            lambda piece: session.run(None, {_INPUT: piece})[0], pieces, count_threads(self.n_jobs)
        )
        return np.concatenate(probabilities)

    def predict(self, X):
        """The most probable class of every clip.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features) or (n, n_features)

        Returns
        -------
        labels : ndarray of shape (n,)
        """
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    @property
    def _shape(self):
        """(n_frames, n_features)."""
        return tuple(self._load().get_inputs()[0].shape[1:])

    def _load(self):
        """The session of the graph, loaded on first use and again where it has been changed."""
        graph, session = vars(self).get("_loaded", (None, None))
        if graph is not self.graph:
            session = load_graph(self.graph)
            self._loaded = self.graph, session
        return session

    def __getstate__(self):
        state = dict(super().__getstate__())
        state.pop("_loaded", None)
        return state

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


@public
class UntrainedClassifier(ClassifierMixin, BaseEstimator):
    """What stands for an untrained network in a frozen meta-estimator, whose trained parts alone are needed.

    Parameters
    ----------
    name : str
        What it was.
    """

    def __init__(self, name):
        self.name = name

    def fit(self, X, y):
        """Refuse.

        Parameters
        ----------
        X, y : object

        Raises
        ------
        NotFittedError
            Always: a frozen estimator cannot be trained.
        """
        raise NotFittedError(f"This estimator is frozen: its {self.name} cannot be trained.")

    def predict_proba(self, X):
        """Refuse: there is nothing to predict with.

        Parameters
        ----------
        X : object

        Raises
        ------
        NotFittedError
            Always.
        """
        raise NotFittedError(f"This {self.name} was not trained when it was frozen.")

    predict = predict_proba


def load_graph(graph):
    """Load an ONNX graph for one thread of the CPU; several may run it at once.

    Parameters
    ----------
    graph : bytes

    Returns
    -------
    session : onnxruntime.InferenceSession
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Threads that predict clips of their own need not wait for each other after every layer.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
