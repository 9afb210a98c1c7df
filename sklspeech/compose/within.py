"""The fitted pipeline within what trains one."""

from sklearn.utils.validation import check_is_fitted

from .._runtime.scikit_learn import BaseSearchCV
from .augmented import AugmentedClassifier


def fitted_within(estimator):
    """The fitted pipeline within a search or an augmented classifier.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    estimator : estimator
        Itself, where it is neither.
    """
    if isinstance(estimator, BaseSearchCV):
        check_is_fitted(estimator, "best_estimator_")
        return fitted_within(estimator.best_estimator_)
    if isinstance(estimator, AugmentedClassifier):
        check_is_fitted(estimator)
        return estimator.estimator_
    return estimator
