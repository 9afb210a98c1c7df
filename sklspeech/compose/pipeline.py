"""Pipeline: scikit-learn's, that also takes steps without names, and predicts in pieces where it is frozen."""

from .._runtime import deferred_imports as _sklearn_import  # noqa: F401 first, or it comes too late
from .._runtime.public import public

# isort: split
import numpy as np
from sklearn import pipeline
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from .._runtime.threads import count_threads, even_slices, map_in_threads
from ..audio.reading import ClipTransformer, check_clips
from ..frozen.classifier import CLIPS_PER_CALL, FrozenClassifier

# Of clips whose features are in the memory of a thread: 256 of one second at 16 kHz. With fewer it takes longer.
_SAMPLES_OF_PIECE = 256 * 16_000


def _final_has(method):
    """Whether the final step has a method; the error of scikit-learn's pipeline says that it has not."""
    return lambda self: callable(getattr(super(Pipeline, self), method))


@public
class Pipeline(pipeline.Pipeline):
    """scikit-learn's Pipeline, whose steps need no names.

    A step without a name is called after its class in lowercase, as in ``sklearn.pipeline.make_pipeline``. Where the
    steps are features of one duration and a `FrozenClassifier`, `predict`, `predict_proba` and `score` take some clips
    at a time, so that the features of all are never in memory, in as many threads as the larger `n_jobs` of the two
    says. Everything else is scikit-learn's.

    Parameters
    ----------
    steps : list of estimator, or of (name, estimator)
    transform_input : list of str or None, default=None
        As in scikit-learn.
    memory : str, joblib.Memory or None, default=None
        As in scikit-learn.
    verbose : bool, default=False
        As in scikit-learn.

    Examples
    --------
    >>> from sklspeech import FrameStatistics, MFCCFeatures, Pipeline
    >>> from sklearn.svm import SVC
    >>> pipeline = Pipeline([MFCCFeatures(), FrameStatistics(), ("svm", SVC())])
    >>> list(pipeline.named_steps)
    ['mfccfeatures', 'framestatistics', 'svm']
    """

    def __init__(self, steps, *, transform_input=None, memory=None, verbose=False):
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)

    # A property, so that set_params(steps=...) names its steps as well, and get_params and clone see named ones alone.
    @property
    def steps(self):
        """The steps, (name, estimator) each."""
        return self._steps

    @steps.setter
    def steps(self, steps):
        self._steps = steps if all(isinstance(step, tuple) for step in steps) else _named(steps)

    @available_if(_final_has("predict"))
    def predict(self, X, **params):
        """Transform X, and predict with the final step.

        Parameters
        ----------
        X : array-like of shape (n,) or what the first step takes
        **params : dict
            As in scikit-learn.

        Returns
        -------
        y_pred : ndarray of shape (n,)
        """
        return self._in_pieces(super().predict, X, params)

    @available_if(_final_has("predict_proba"))
    def predict_proba(self, X, **params):
        """Transform X, and predict probabilities with the final step.

        Parameters
        ----------
        X : array-like of shape (n,) or what the first step takes
        **params : dict
            As in scikit-learn.

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes)
        """
        return self._in_pieces(super().predict_proba, X, params)

    @available_if(_final_has("score"))
    def score(self, X, y=None, sample_weight=None, **params):
        """Transform X, and score the final step.

        Parameters
        ----------
        X : array-like of shape (n,) or what the first step takes
        y : array-like of shape (n,), default=None
        sample_weight : array-like of shape (n,), default=None
        **params : dict
            As in scikit-learn.

        Returns
        -------
        score : float
            Accuracy, of a classifier.
        """
        if params or not self._is_clip_by_clip():
            return super().score(X, y, sample_weight, **params)
        return ClassifierMixin.score(self, X, y, sample_weight)

    def _in_pieces(self, predict, X, params):
        """What `predict` says of X; of some clips at a time, where every step looks at each clip by itself."""
        if params or not self._is_clip_by_clip():
            return predict(X, **params)
        clips = check_clips(X)
        (_, features), (_, classifier) = self.steps
        # One number for both: features and network of a piece are done in one thread.
        n_threads = max(count_threads(features.n_jobs), count_threads(classifier.n_jobs))
        if n_threads > 1:
            classifier._load()  # once, not in every thread
        most = max(1, _SAMPLES_OF_PIECE // features.n_samples_)
        pieces = [clips[piece] for piece in even_slices(len(clips), n_threads, CLIPS_PER_CALL, most)]
        return np.concatenate(map_in_threads(predict, pieces, n_threads))

    def _is_clip_by_clip(self):
        """Whether these are fitted features of one duration and a frozen network, and nothing else."""
        first, *others = (step for _, step in self.steps)
        is_of_one_length = isinstance(first, ClipTransformer) and getattr(first, "n_samples_", None) is not None
        return is_of_one_length and len(others) == 1 and isinstance(others[0], FrozenClassifier)


def _named(steps):
    """A name for every step that has none; names are unique."""
    given = [step for step in steps if isinstance(step, tuple)]
    unnamed = [step for step in steps if not isinstance(step, tuple)]
    names = iter(name for name, _ in pipeline.make_pipeline(*unnamed).steps)
    named = [step if isinstance(step, tuple) else (next(names), step) for step in steps]
    clashes = {name for name, _ in given} & {name for name, step in named if (name, step) not in given}
    if clashes:
        raise ValueError(f"Names given to steps must differ from those of unnamed ones, got {sorted(clashes)} twice")
    return named
