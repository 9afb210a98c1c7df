"""Features and labels of an estimator, checked: clips of one length, or of different ones."""

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_X_y, column_or_1d, validate_data

from ..features.frames import check_frames, is_ragged, refuse_paths
from ..features.labels import check_labels

_NO_LABELS = "no_validation"  # scikit-learn's word for an X without y


class ClipInputs:
    """What an estimator takes, and remembers the shape of in `input_shape_` and `n_features_in_`."""

    def _check_clips(self, X, y=_NO_LABELS, reset=False):
        """Checked features, (n, n_frames, n_features) or a list of (n_frames_i, n_features), float32; and labels."""
        refuse_paths(X, type(self).__name__)
        if y is not _NO_LABELS:
            check_labels(y, type(self).__name__)
            check_classification_targets(y)
        if is_ragged(X):
            clips, y = check_frames(X), y if y is _NO_LABELS else _labels_of_ragged(y)
            shape = None, clips[0].shape[1]
        else:
            clips, y = self._check_array(X, y, reset)
            shape = clips.shape[1:]
        if reset:
            self.input_shape_, self.n_features_in_ = shape, shape[1]
        return self._of_fitted_shape(clips, shape), y

    def _check_array(self, X, y, reset):
        """Features of clips of one length, and labels."""
        params = {"dtype": np.float32, "allow_nd": True}
        if y is not _NO_LABELS:
            params["multi_output"] = _is_table(y)
        if np.asarray(X).ndim > 2:  # validate_data takes axis 1 for the features
            checked = check_array(X, **params) if y is _NO_LABELS else check_X_y(X, y, **params)
        else:
            checked = validate_data(self, X, y, reset=reset, **params)
        X, y = (checked, y) if y is _NO_LABELS else checked
        if X.ndim > 3 or 0 in X.shape:
            raise ValueError(f"X must be of shape (n, n_frames, n_features) or (n, n_features), got {X.shape}")
        return X[:, None, :] if X.ndim == 2 else X, y

    def _of_fitted_shape(self, clips, shape):
        """Clips as the network takes them: an array where it has one length, a list where it has not."""
        n_frames, n_features = self.input_shape_
        if shape[1] == n_features and n_frames is None:
            return list(clips)
        lengths = {len(clip) for clip in clips} if shape[0] is None else {shape[0]}
        if shape[1] != n_features or lengths != {n_frames}:
            raise ValueError(
                f"X has clips of {', '.join(map(str, sorted(lengths)[:5]))} frames and {shape[1]} features, but "
                f"{type(self).__name__} is expecting {n_frames} frames and {n_features} features as input."
            )
        return np.stack(clips) if isinstance(clips, list) else clips


def _is_table(y):
    """Whether y has several labels a clip; a column is one, and warned of."""
    shape = np.asarray(y).shape
    return len(shape) > 1 and shape[1] > 1


def _labels_of_ragged(y):
    return check_array(y) if _is_table(y) else column_or_1d(y, warn=True)
