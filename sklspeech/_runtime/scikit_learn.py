"""The one place that imports private names of scikit-learn; setup.cfg pins its major version because of them."""

from sklearn.base import _clone_parametrized
from sklearn.callback._callback_context import get_context_path
from sklearn.callback._transport import close_listener, open_listener, send
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_feature_names_in, _check_sample_weight

__all__ = [
    "BaseSearchCV",
    "Interval",
    "Options",
    "StrOptions",
    "_check_feature_names_in",
    "_check_sample_weight",
    "_clone_parametrized",
    "_safe_indexing",
    "close_listener",
    "get_context_path",
    "open_listener",
    "send",
    "set_table",
    "table_kind",
    "wants_table",
]


def table_kind(estimator):
    """What an estimator's transform is to give.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    kind : {"default", "pandas", "polars"}
    """
    return _get_output_config("transform", estimator)["dense"]


def wants_table(estimator):
    """Whether that is a table.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    wants : bool
    """
    return table_kind(estimator) != "default"


def set_table(estimator, kind):
    """Set it, as scikit-learn does, whose `clone` copies it.

    Parameters
    ----------
    estimator : estimator
    kind : {"default", "pandas", "polars"} or None
        None changes nothing.
    """
    if kind is not None:
        estimator._sklearn_output_config = {"transform": kind}
