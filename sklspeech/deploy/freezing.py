"""freeze: a fitted estimator without its training framework, still an estimator of scikit-learn."""

import io
import json
import pickle

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .. import compose
from .._runtime.progress import Progress
from .._runtime.public import public
from ..compose.within import fitted_within
from ..frozen.classifier import FrozenClassifier, UnfittedPlaceholder
from ..frozen.network import FrozenNetwork
from ..frozen.pipeline import FrozenPipeline
from ..frozen.transcriber import FrozenTranscriber
from .onnx import compare, to_onnx

_TOLERANCE = 1e-5  # of a probability, between a network and its graph
_N_CLIPS = 32  # drawn to compare the two
_PIPELINES = Pipeline, compose.Pipeline


@public
def freeze(estimator, X=None, *, n_jobs=None):
    """Replace every trained network by an ONNX graph.

    Each graph is compared with its network on random features, and the whole with the original on `X`.

    Parameters
    ----------
    estimator : fitted estimator
        A pipeline, or what scikit-learn builds around pipelines: CalibratedClassifierCV, VotingClassifier,
        TunedThresholdClassifierCV, ...; of a search and of `AugmentedClassifier` the fitted pipeline within is taken.
    X : array-like of shape (n,) or None, default=None
        Sample input of the estimator for the comparison: paths or waveforms.
    n_jobs : int or None, default=None
        Threads of every network, see `FrozenClassifier`.

    Returns
    -------
    frozen : estimator
        A copy with the same steps and names, whose networks are `FrozenClassifier` or `FrozenTranscriber`, and whose
        pipelines with a network are `FrozenPipeline`. Everything else stays as it is. It can be neither trained nor
        searched further.

    Raises
    ------
    DeployError
        Probabilities differ by more than 1e-5.
    NotFittedError
        The estimator is not fitted.
    ValueError
        There is no network in it, or one of another precision than float32.
    TypeError
        Labels are neither str nor numbers.

    Examples
    --------
    >>> from sklspeech import MelFeatures, Pipeline, SpeechCNN, datasets, freeze
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=4, n_takes=5, random_state=0)
    >>> pipeline = Pipeline([MelFeatures(), SpeechCNN(filters=(16,), epochs=12, random_state=0)])
    >>> frozen = freeze(pipeline.fit(speech.data, speech.target), speech.data[:5])
    >>> [type(step).__name__ for _, step in frozen.steps]
    ['MelFeatures', 'FrozenClassifier']
    """
    estimator = fitted_within(estimator)
    check_is_fitted(estimator)
    buffer = io.BytesIO()
    with Progress("freeze: networks become graphs", 1, delay=0.0) as progress:  # seconds, of which nothing else tells
        freezer = _Freezer(buffer, n_jobs)
        freezer.dump(estimator)
        progress.advance()
    if not freezer.n_networks:
        raise ValueError(f"there is no network to freeze in {_describe(estimator)}: save it as it is, with joblib")
    frozen = pickle.loads(buffer.getvalue())
    if X is not None:
        compare(_outputs(estimator, X), _outputs(frozen, X), _TOLERANCE, "sample input")
    return frozen


def _describe(estimator):
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        return f"a pipeline whose last step {name!r} is {type(last).__name__}"
    return type(estimator).__name__


class _Freezer(pickle.Pickler):
    """Copies an estimator, with every network in it replaced, wherever in its attributes it is."""

    def __init__(self, file, n_jobs):
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._n_jobs = n_jobs
        self.n_networks = 0

    def reducer_override(self, obj):
        """Put a graph in place of a network, and a FrozenPipeline in place of a pipeline with one."""
        from ..recognizers.base import KerasSpeechEstimator

        if isinstance(obj, FrozenTranscriber):
            self.n_networks += 1
            n_jobs = obj.n_jobs if self._n_jobs is None else self._n_jobs
            return _frozen_transcriber, (obj.graph, obj.decoder, obj.normalize, obj.frames_per_step, n_jobs)
        if isinstance(obj, FrozenClassifier):
            self.n_networks += 1
            n_jobs = obj.n_jobs if self._n_jobs is None else self._n_jobs
            return _frozen_classifier, (obj.graph, obj.classes, obj.multilabel, n_jobs)
        if isinstance(obj, KerasSpeechEstimator):
            return self._reduce_network(obj)
        if any(kind.__module__.split(".")[0] == "scikeras" for kind in type(obj).__mro__):
            raise TypeError(
                f"{type(obj).__name__} of scikeras cannot be frozen: give the function that makes its network to "
                "SpeechClassifier(build=...), or save it with joblib"
            )
        # By type: a subclass may do what FrozenPipeline does not.
        if type(obj) in _PIPELINES and isinstance(obj.steps[-1][1], KerasSpeechEstimator | FrozenNetwork):
            return _frozen_pipeline, (list(obj.steps), obj.transform_input, obj.memory, obj.verbose)
        return NotImplemented

    def _reduce_network(self, network):
        from ..recognizers.transcriber import SpeechTranscriber

        if not hasattr(network, "history_"):
            if hasattr(network, "input_shape_"):
                raise NotFittedError(f"The training of this {type(network).__name__} was not finished.")
            return UnfittedPlaceholder, (type(network).__name__,)
        self.n_networks += 1
        is_transcriber = isinstance(network, SpeechTranscriber)
        return self._reduce_transcriber(network) if is_transcriber else self._reduce_classifier(network)

    def _reduce_transcriber(self, network):
        decoder, per_step = network.decoder_, network.frames_per_step_
        return _frozen_transcriber, (_transcriber_to_onnx(network), decoder, network.normalize, per_step, self._n_jobs)

    def _reduce_classifier(self, classifier):
        graph, classes = _network_to_onnx(classifier), tuple(classifier.classes_.tolist())
        return _frozen_classifier, (graph, classes, classifier.multilabel_, self._n_jobs)


def _frozen_pipeline(steps, transform_input, memory, verbose):
    return FrozenPipeline(steps, transform_input=transform_input, memory=memory, verbose=verbose)


def _frozen_classifier(graph, classes, multilabel, n_jobs):
    return FrozenClassifier(graph=graph, classes=classes, multilabel=multilabel, n_jobs=n_jobs)


def _frozen_transcriber(graph, decoder, normalize, frames_per_step, n_jobs):
    return FrozenTranscriber(
        graph=graph, decoder=decoder, normalize=normalize, frames_per_step=frames_per_step, n_jobs=n_jobs
    )


def _transcriber_to_onnx(network):
    """The graph of a trained transcriber, compared with it."""
    _check_precision(network)
    names = [value.name for value in network.network.inputs]
    labels = {"labels": json.dumps(network.symbols_)}
    graph = to_onnx(network.network, names, labels, "log_probabilities")
    frozen = _frozen_transcriber(graph, network.decoder_, network.normalize, network.frames_per_step_, None)
    X = _random_features(network)
    for expected, got in zip(network.predict_log_proba(X), frozen.predict_log_proba(X), strict=True):
        compare(np.exp(expected), np.exp(got), _TOLERANCE, type(network).__name__)
    return graph


def _network_to_onnx(classifier):
    """The graph of a trained network, compared with it."""
    labels = classifier.classes_.tolist()
    _check_can_be_frozen(classifier, labels)
    names = [value.name for value in classifier.network.inputs]
    # The labels are in the graph as well, so that labels and graph cannot be mixed up.
    graph = to_onnx(classifier.network, names, {"labels": json.dumps(labels)})
    frozen = FrozenClassifier(graph=graph, classes=tuple(labels))
    X = _random_features(classifier)
    compare(classifier.predict_proba(X), frozen.predict_proba(X), _TOLERANCE, type(classifier).__name__)
    return graph


def _check_can_be_frozen(classifier, labels):
    """Raise where labels or numbers are none that a graph has."""
    if not all(isinstance(label, str | int | float) for label in labels):
        raise TypeError(
            f"labels of a frozen network must be str, int, float or bool, got {type(labels[0]).__name__} "
            f"({labels[0]!r}): train on str(label)"
        )
    _check_precision(classifier)


def _check_precision(classifier):
    dtypes = {layer.compute_dtype for layer in classifier.network.layers if layer.weights} - {"float32"}
    if dtypes:
        raise ValueError(
            f"{type(classifier).__name__} computes in {sorted(dtypes)}, a graph in float32: train under "
            "keras.config.set_dtype_policy('float32')"
        )


def _random_features(classifier):
    """Features that lie as the training clips did: an array, or a list of clips of different lengths."""
    standardize = classifier.network.get_layer("standardize")
    mean, scale = (np.asarray(weight) for weight in standardize.get_weights())
    n_frames, n_features = classifier.input_shape_
    random = np.random.default_rng(0)
    lengths = np.full(_N_CLIPS, n_frames) if n_frames else random.integers(1, 200, _N_CLIPS)
    clips = [(random.normal(size=(n, n_features)) / scale + mean).astype(np.float32) for n in lengths]
    return np.stack(clips) if n_frames else clips


def _outputs(estimator: BaseEstimator, X):
    """Probabilities, or labels where there are none."""
    return estimator.predict_proba(X) if hasattr(estimator, "predict_proba") else estimator.predict(X)
