"""What an archive has around its pipeline: RejectOption or WordSpotter, as JSON."""

import math
from numbers import Real

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from ..compose.open_set import RejectOption
from ..compose.spotter import WordSpotter
from ..compose.within import fitted_within
from ..errors import ArchiveError
from ..metrics.detection import SpottingScores
from .manifest import check_label, expect_keys, expect_type

_AROUND = {"RejectOption": RejectOption, "WordSpotter": WordSpotter}
_NOT_SAVED = {"estimator", "random_state"}  # the pipeline is saved by itself, and nothing is drawn any more
_FITTED = {
    "RejectOption": {"threshold_", "false_alarm_rate_", "miss_rate_", "unknown_label_"},
    "WordSpotter": {"thresholds_", "lag_", "scores_"},
}
# Bounds of parameters from a file: what they make of a stream takes bounded memory and work, and is a number.
_LIMITS = {"hop": (1e-3, 60.0), "smoothing": (0.0, 60.0), "refractory": (0.0, 1e6), "energy_gate": (-1e3, 100.0)}
_MOST_SMOOTHED = 1000  # windows
_MOST_BACKGROUND_LABELS = 100


def split(estimator):
    """Take apart what is around a pipeline.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    around : dict or None
        For JSON: class, parameters and what was fitted. None where there is nothing around it.
    pipeline : estimator
        What is within: a frozen pipeline, where `estimator` can be saved.

    Raises
    ------
    NotFittedError
        `estimator` has no threshold yet.
    ValueError
        A parameter is infinite.
    """
    name = type(estimator).__name__
    if type(estimator) is not _AROUND.get(name):
        return None, estimator
    check_is_fitted(estimator)
    params = {key: value for key, value in estimator.get_params(deep=False).items() if key not in _NOT_SAVED}
    fitted = {key: vars(estimator)[key] for key in _FITTED[name] & set(vars(estimator))}
    inner = estimator.estimator if name == "WordSpotter" else estimator.estimator_
    is_kept_fitted = isinstance(inner, FrozenEstimator)
    around = {
        "class": name,
        "params": {key: _plain(key, value) for key, value in params.items()},
        "fitted": {key: _plain(key, value) for key, value in fitted.items()},
        "is_kept_fitted": is_kept_fitted,
    }
    return around, fitted_within(inner.estimator if is_kept_fitted else inner)


def _plain(name, value):
    """A value as JSON holds it; a dictionary by label as pairs, for labels may be numbers."""
    if isinstance(value, dict):
        return [[label, _plain(name, threshold)] for label, threshold in value.items()]
    if isinstance(value, np.ndarray) and value.ndim:
        return value.tolist()
    if not isinstance(value, Real) or isinstance(value, bool | int):
        return value
    if not math.isfinite(value):
        raise ValueError(f"{name}={value} cannot be saved, expected a finite number")
    return float(value)


def build(around, pipeline):
    """Put around a pipeline what an archive says.

    Parameters
    ----------
    around : dict
        Of the manifest; what its values are is unchecked.
    pipeline : FrozenPipeline

    Returns
    -------
    estimator : RejectOption or WordSpotter

    Raises
    ------
    ArchiveError
        It has other parameters, or cannot be used with this pipeline.
    """
    try:
        if around["class"] == "RejectOption":
            return _build_reject_option(around["params"], around["fitted"], pipeline)
        return _build_spotter(around["params"], around["fitted"], pipeline, around["is_kept_fitted"])
    except ArchiveError:
        raise
    except Exception as error:  # whatever values of other types make of it
        raise ArchiveError(f"{around['class']} cannot be used: {str(error)[:300]}") from error


def _build_reject_option(params, fitted, pipeline):
    expect_keys(params, set(RejectOption(pipeline).get_params(deep=False)) - _NOT_SAVED, "params of RejectOption")
    expect_keys(fitted, _FITTED["RejectOption"], "fitted of RejectOption")
    for label in (params["unknown_label"], fitted["unknown_label_"]):
        expect_type(label, str, "unknown_label")
        check_label(label)
    _expect_number(fitted["threshold_"], "threshold_", 0.0, 2.0)  # one above 1 rejects everything
    for name in ("false_alarm_rate_", "miss_rate_"):
        _expect_number(fitted[name], name, 0.0, 1.0)
    if pipeline.classes_.dtype.kind != "U" or set(pipeline.classes_) <= {fitted["unknown_label_"]}:
        raise ArchiveError(f"RejectOption wants labels of str, and another one than {fitted['unknown_label_']!r}")
    estimator = RejectOption(pipeline, **params)
    estimator._validate_params()
    for name, value in fitted.items():
        setattr(estimator, name, value)
    estimator.estimator_ = pipeline
    estimator.classes_ = np.unique(np.append(pipeline.classes_, estimator.unknown_label_))
    return estimator


def _build_spotter(params, fitted, pipeline, is_kept_fitted):
    expect_keys(params, set(WordSpotter(pipeline).get_params(deep=False)) - _NOT_SAVED, "params of WordSpotter")
    _check_labels_of_spotter(params["labels"], params["background_labels"], pipeline)
    threshold = params["threshold"]
    if isinstance(threshold, dict | bool):
        raise ArchiveError("threshold must be a number, pairs of labels and numbers, or 'auto'")
    params = params | {
        "background_labels": tuple(params["background_labels"]),
        "threshold": _by_label(threshold) if isinstance(threshold, list) else threshold,
    }
    estimator = WordSpotter(FrozenEstimator(pipeline) if is_kept_fitted else pipeline, **params)
    estimator._validate_params()
    if not estimator.has_windows():
        raise ArchiveError("WordSpotter needs features with a duration")
    for name, (least, most) in _LIMITS.items():
        if name != "energy_gate" or params[name] is not None:
            _expect_number(params[name], name, least, most)
    _expect_number(params["smoothing"] / params["hop"], "smoothing / hop", 0.0, _MOST_SMOOTHED)
    if fitted:
        expect_keys(fitted, _FITTED["WordSpotter"], "fitted of WordSpotter")
        estimator.thresholds_ = _by_label(fitted["thresholds_"])
        longest = pipeline[0].duration_  # `fit` corrects by less than a window
        _expect_number(fitted["lag_"], "lag_", -longest, longest)
        estimator.lag_ = fitted["lag_"]
        estimator.scores_ = _scores(fitted["scores_"])
    if not all(0 < limit <= 1 for limit in estimator.limits_.values()):
        raise ArchiveError("thresholds must be above 0 and no more than 1")
    return estimator


def _check_labels_of_spotter(labels, background_labels, pipeline):
    expect_type(background_labels, list, "background_labels")
    if len(background_labels) > _MOST_BACKGROUND_LABELS:
        raise ArchiveError(f"background_labels must be {_MOST_BACKGROUND_LABELS} or fewer")
    if labels is None:
        return
    expect_type(labels, list, "labels of WordSpotter")
    if not set(labels) <= set(pipeline.classes_.tolist()) or len(set(labels)) < len(labels):
        raise ArchiveError("labels of WordSpotter must be labels of the pipeline, each once")


def _scores(values):
    expect_type(values, list, "scores_")
    scores = SpottingScores(*values)
    for count in scores[:3]:
        if type(count) is not int:
            raise ArchiveError(f"counts of scores_ must be int, got {str(count)[:100]}")
        _expect_number(count, "a count of scores_", 0)
    _expect_number(scores.hours, "hours of scores_", 1e-9)
    return scores


def _by_label(pairs):
    expect_type(pairs, list, "thresholds")
    found = {}
    for label, value in pairs:
        check_label(label)
        _expect_number(value, "a threshold", 0.0, 1.0)
        found[label] = value
    if len(found) < len(pairs):
        raise ArchiveError("thresholds have a label twice")
    return found


def _expect_number(value, name, least, most=math.inf):
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ArchiveError(f"{name} must be a number, got {str(value)[:100]}")
    if not least <= value <= most:
        raise ArchiveError(f"{name} must be from {least:g} to {most:g}, got {value:g}")
