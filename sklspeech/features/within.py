"""The features within estimators made of estimators."""

from .transformer import ClipTransformer

# Where these keep what they have fitted; `estimator` is that of a calibrated classifier's part.
_WITHIN = (
    "best_estimator_",
    "estimator_",
    "steps",
    "transformer_list",
    "calibrated_classifiers_",
    "estimators_",
    "estimator",
)


def features_within(estimator):
    """The first features that are within an estimator.

    Parameters
    ----------
    estimator : object

    Returns
    -------
    features : ClipTransformer or None
    """
    if isinstance(estimator, ClipTransformer):
        return estimator
    for name in _WITHIN:
        parts = getattr(estimator, name, ())
        for part in parts if isinstance(parts, list | tuple) else (parts,):
            found = features_within(part[-1] if isinstance(part, tuple) else part)
            if found is not None:
                return found
    return None
