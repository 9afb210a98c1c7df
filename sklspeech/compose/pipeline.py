"""Pipeline: scikit-learn's, whose steps need no names."""

from sklearn import pipeline

from .._runtime.public import public


@public
class Pipeline(pipeline.Pipeline):
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
