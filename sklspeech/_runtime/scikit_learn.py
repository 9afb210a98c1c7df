"""The one place that imports private names of scikit-learn; setup.cfg pins its major version because of them."""

from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names_in, _check_sample_weight

__all__ = ["BaseSearchCV", "Interval", "StrOptions", "_check_feature_names_in", "_check_sample_weight"]
