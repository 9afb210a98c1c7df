"""What an archive has around its pipeline: RejectOption or WordSpotter, as JSON."""

import math

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from ..compose.open_set import RejectOption
from ..compose.spotter import WordSpotter
from ..compose.within import fitted_within
from ..errors import ArchiveError
from ..metrics.detection import SpottingScores
from .manifest import expect_keys, expect_type

_AROUND = {"RejectOption": RejectOption, "WordSpotter": WordSpotter}
_NOT_SAVED = {"estimator", "random_state"}  # stands for itself; is for `fit`
_FITTED = {
    "RejectOption": {"threshold_", "false_alarm_rate_", "miss_rate_", "unknown_label_"},
    "WordSpotter": {"thresholds_", "lag_", "scores_"},
}
# What work, memory and numbers stay small with.
_LIMITS = {"hop": (1e-3, 60.0), "smoothing": (0.0, 60.0), "refractory": (0.0, 1e6), "energy_gate": (-1e3, 1e3)}


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
    """
    name = type(estimator).__name__
    if type(estimator) is not _AROUND.get(name):
        return None, estimator
    check_is_fitted(estimator)
    params = {key: value for key, value in estimator.get_params(deep=False).items() if key not in _NOT_SAVED}
    fitted = {key: vars(estimator)[key] for key in _FITTED[name] & set(vars(estimator))}
    around = {"class": name, "params": _to_json(params), "fitted": _to_json(fitted)}
    inner = estimator.estimator if name == "WordSpotter" else estimator.estimator_
    return around, fitted_within(inner.estimator if isinstance(inner, FrozenEstimator) else inner)


def _to_json(values):
    """Dictionaries by label as lists of pairs, for labels may be numbers; arrays as lists."""
    pairs = {key: [list(pair) for pair in value.items()] for key, value in values.items() if isinstance(value, dict)}
    lists = {key: value.tolist() for key, value in values.items() if hasattr(value, "tolist")}  # numbers of NumPy too
    return values | pairs | lists


def build(around, pipeline):
    """Put around a pipeline what an archive says.

    Parameters
    ----------
    around : dict
        Of the manifest, unchecked.
    pipeline : FrozenPipeline

    Returns
    -------
    estimator : RejectOption or WordSpotter

    Raises
    ------
    ArchiveError
        It is something else, has other parameters, or cannot be used with this pipeline.
    """
    expect_type(around, dict, "around")
    expect_keys(around, {"class", "params", "fitted"}, "around")
    if around["class"] not in list(_AROUND):
        raise ArchiveError(f"around is {str(around['class'])[:100]!r}, expected one of {list(_AROUND)}")
    expect_type(around["params"], dict, "params of around")
    expect_type(around["fitted"], dict, "fitted of around")
    try:
        if around["class"] == "RejectOption":
            return _build_reject_option(around["params"], around["fitted"], pipeline)
        return _build_spotter(around["params"], around["fitted"], pipeline)
    except ArchiveError:
        raise
    except Exception as error:  # whatever values of other types make of it
        raise ArchiveError(f"{around['class']} cannot be used: {str(error)[:300]}") from error


def _build_reject_option(params, fitted, pipeline):
    expect_keys(params, set(RejectOption(pipeline).get_params(deep=False)) - _NOT_SAVED, "params of RejectOption")
    expect_keys(fitted, _FITTED["RejectOption"], "fitted of RejectOption")
    expect_type(fitted["unknown_label_"], str, "unknown_label_")
    for name in ("threshold_", "false_alarm_rate_", "miss_rate_"):
        _expect_number(fitted[name], name)
    if pipeline.classes_.dtype.kind != "U":
        raise ArchiveError("RejectOption has labels of str, those of the pipeline are of another type")
    estimator = RejectOption(pipeline, **params)
    estimator._validate_params()
    for name, value in fitted.items():
        setattr(estimator, name, value)
    estimator.estimator_ = pipeline
    estimator.classes_ = np.unique(np.append(pipeline.classes_, estimator.unknown_label_))
    return estimator


def _build_spotter(params, fitted, pipeline):
    expect_keys(params, set(WordSpotter(pipeline).get_params(deep=False)) - _NOT_SAVED, "params of WordSpotter")
    if isinstance(params["threshold"], list):
        params = params | {"threshold": _by_label(params["threshold"])}
    estimator = WordSpotter(pipeline, **params | {"background_labels": tuple(params["background_labels"])})
    estimator._validate_params()
    if not estimator.has_windows():
        raise ArchiveError("WordSpotter has windows of one length, the clips of the pipeline have their own")
    for name, (least, most) in _LIMITS.items():
        if name != "energy_gate" or params[name] is not None:
            _expect_number(params[name], name, least, most)
    if fitted:
        expect_keys(fitted, _FITTED["WordSpotter"], "fitted of WordSpotter")
        estimator.thresholds_ = _by_label(fitted["thresholds_"])
        longest = pipeline[0].duration_  # `fit` corrects by less than a window
        _expect_number(fitted["lag_"], "lag_", -longest, longest)
        estimator.lag_ = fitted["lag_"]
        estimator.scores_ = _scores(fitted["scores_"])
    if not all(0 < limit <= 1 for limit in estimator.limits_.values()):
        raise ArchiveError(f"thresholds must be above 0 and no more than 1, got {str(estimator.limits_)[:300]}")
    return estimator


def _scores(values):
    expect_type(values, list, "scores_")
    for value in values:
        _expect_number(value, "a number of scores_")
    return SpottingScores(*values)


def _by_label(pairs):
    expect_type(pairs, list, "thresholds")
    for _, value in pairs:
        _expect_number(value, "a threshold")
    return dict(pairs)


def _expect_number(value, name, least=-math.inf, most=math.inf):
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ArchiveError(f"{name} must be a number, got {str(value)[:100]}")
    if not least <= value <= most:
        raise ArchiveError(f"{name} must be from {least:g} to {most:g}, got {value:g}")
