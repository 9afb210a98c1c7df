"""FrameStatistics: features over time to one row a clip."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._runtime.public import public
from .._runtime.scikit_learn import _check_feature_names_in, table_kind
from .frames import check_frames
from .tables import as_pandas, table_index

_STATISTICS = {
    "mean": lambda frames: frames.mean(axis=-2),
    "std": lambda frames: frames.std(axis=-2),
    "min": lambda frames: frames.min(axis=-2),
    "max": lambda frames: frames.max(axis=-2),
    "median": lambda frames: np.median(frames, axis=-2),
}


@public
@dataclass(eq=False, repr=False)
class FrameStatistics(TransformerMixin, BaseEstimator):
    """Features over time to one row of statistics a clip, for classifiers that take a table.

    Parameters
    ----------
    statistics : tuple of {"mean", "std", "min", "max", "median"}, default=("mean", "std")
        Taken over the frames of a clip, feature by feature.

    Attributes
    ----------
    feature_names_in_ : ndarray of shape (n_features,), str
        Names of the features of a frame, where the features were told by ``set_output`` to pass them on.
    n_features_in_ : int
        Features of a frame.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklspeech import FrameStatistics, MFCCFeatures, datasets
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=1)
    >>> table = make_pipeline(MFCCFeatures(n_mfcc=3), FrameStatistics())
    >>> table.fit_transform(speech.data).shape
    (4, 6)
    >>> table.get_feature_names_out().tolist()
    ['mfcc0_mean', 'mfcc1_mean', 'mfcc2_mean', 'mfcc0_std', 'mfcc1_std', 'mfcc2_std']
    """

    _parameter_constraints: ClassVar[dict] = {"statistics": [tuple, list]}

    statistics: tuple | list = ("mean", "std")

    def fit(self, X, y=None):
        """Check the features and their number.

        Parameters
        ----------
        X : ndarray of shape (n, n_frames, n_features), or a list of n arrays of shape (n_frames_i, n_features), or an
            array of shape (n, n_features), which is one frame a clip
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        self._validate_params()
        unknown = set(self.statistics) - set(_STATISTICS)
        if unknown or not self.statistics:
            raise ValueError(f"statistics must be some of {list(_STATISTICS)}, got {self.statistics!r}")
        self.n_features_in_ = check_frames(X)[0].shape[-1]
        names = getattr(X, "feature_names", None)
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def transform(self, X):
        """Take the statistics of every clip.

        Parameters
        ----------
        X : ndarray of shape (n, n_frames, n_features) or (n, n_features), or list of n arrays (n_frames_i, n_features)
            Features.

        Returns
        -------
        table : ndarray of shape (n, n_statistics * n_features), float32
            After ``set_output(transform="pandas")`` a table with the index that the clips had.
        """
        check_is_fitted(self)
        clips = check_frames(X)
        n_features = clips[0].shape[-1]
        if n_features != self.n_features_in_:
            raise ValueError(
                f"X has {n_features} features, but FrameStatistics is expecting {self.n_features_in_} features as input"
            )
        table = np.stack([self._row(frames) for frames in clips])
        index = table_index(X)
        if index is None or table_kind(self) != "pandas":
            return table
        return as_pandas(table, index, self.get_feature_names_out())

    def _row(self, frames):
        return np.concatenate([_STATISTICS[name](frames) for name in self.statistics])

    def get_feature_names_out(self, input_features=None):
        """Names of the columns: feature and statistic.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the features; None is x0, x1, ...

        Returns
        -------
        names : ndarray of shape (n_statistics * n_features,), object
        """
        check_is_fitted(self)
        features = _check_feature_names_in(self, input_features)
        return np.array([f"{feature}_{name}" for name in self.statistics for feature in features], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
