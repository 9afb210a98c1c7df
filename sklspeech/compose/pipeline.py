"""Pipeline: scikit-learn's, whose steps need no names."""

import os
import uuid

import numpy as np
from sklearn import pipeline
from sklearn.base import is_classifier

from .._runtime.public import public
from ..features.labels import check_labels
from ..features.row_cache import file_state
from ..features.tables import NamedList, table_index
from ..features.word_times import WordTimesMixin


@public
class Pipeline(WordTimesMixin, pipeline.Pipeline):
    """Pipeline of scikit-learn, whose steps need no names.

    A step without a name is called after its class in lowercase, as in ``sklearn.pipeline.make_pipeline``. Everything
    else is scikit-learn's.

    Parameters
    ----------
    steps : list of estimator, or of (name, estimator)
        The steps, in their order.
    transform_input : list of str or None, default=None
        As in scikit-learn.
    memory : str, joblib.Memory or None, default=None
        As in scikit-learn; but where X are paths, what is kept depends on the state of the files as well: a file that
        was changed is read again.
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

    def fit(self, X, y=None, **params):
        """Fit all steps; see scikit-learn.

        Parameters
        ----------
        X : array-like of shape (n,) or what the first step takes
            The clips.
        y : array-like of shape (n,), default=None
            Labels. They are looked at before the first step begins.
        **params : dict
            For the steps, as in scikit-learn.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            A label is missing, or a step cannot be fitted.
        """
        self._check_labels(y)
        try:
            return super().fit(self._watched(X), y, **params)
        except ValueError as error:
            explained = self._explained(error)
            if explained is None:
                raise
            raise explained from error

    def fit_transform(self, X, y=None, **params):
        """Fit all steps, and transform X; see scikit-learn.

        Parameters
        ----------
        X : array-like of shape (n,) or what the first step takes
            The clips.
        y : array-like of shape (n,), default=None
            Labels.
        **params : dict
            For the steps, as in scikit-learn.

        Returns
        -------
        rows : ndarray
            What the last step makes of X.
        """
        return super().fit_transform(self._watched(X), y, **params)

    def _check_labels(self, y):
        """Raise where a classifier would find out after minutes of work for the steps before it."""
        last = self.steps[-1][1] if self.steps else None
        if hasattr(last, "predict") and is_classifier(last):
            check_labels(y, type(last).__name__)

    def _watched(self, X):
        """X, with the states of its files in what joblib looks at."""
        if self.memory is None:
            return X
        entries = X
        if not isinstance(X, list | tuple):
            entries = np.asarray(X)
            is_column = entries.dtype.kind in "OUT" and (entries.ndim == 1 or entries.shape[1:] == (1,))
            entries = entries.ravel().tolist() if is_column else []
        if not entries or not all(isinstance(entry, str | os.PathLike) for entry in entries):
            return X
        watched = NamedList(_WatchedPath(os.fspath(entry)) for entry in entries)
        watched.table_index = table_index(X)
        return watched

    def _explained(self, error):
        """An error of a classifier that takes tables, as one that says what to do; None for others."""
        if "dim 3" not in str(error) or len(self.steps) < 2:
            return None
        (before, _), (last, _) = self.steps[-2:]
        return ValueError(
            f"step {last!r} takes a table, but {before!r} gives an array of shape (n, n_frames, n_features): put "
            f"FrameStatistics() between them, or use SpeechCNN ({error})"
        )


class _WatchedPath(str):
    """A path that is pickled, and so hashed by joblib, with the state of its file."""

    __slots__ = ()

    def __reduce__(self):
        # A file that changed lately may change again in the same instant: it is like no other.
        path = str(self)
        return _path_with_state, (path, file_state(path) or uuid.uuid4().hex)


def _path_with_state(path, state):
    return _WatchedPath(path)


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
