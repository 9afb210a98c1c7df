"""The fitted pipeline without its training framework.

freeze: still a pipeline of scikit-learn. export: one graph from waveform to probabilities, for other languages.
"""

import io
import json
import pickle
import tempfile
import warnings
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.exceptions import NotFittedError

from .._runtime.files import put_in_place
from .._runtime.public import public
from ..frozen.classifier import FrozenClassifier, Graph, UntrainedClassifier

_TOLERANCE = 1e-5  # of a probability, between a network and its graph
_EXPORT_TOLERANCE = 1e-4  # with the features inside, which are float32 there
_N_SAMPLES = 32  # drawn to compare the two


@public
class DeployError(RuntimeError):
    """What was to be deployed does not give the probabilities of the original."""


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
        A copy with the same steps and names, whose networks are `FrozenClassifier`. What is no network stays as it
        is. It can be neither trained nor searched further.

    Raises
    ------
    DeployError
        Probabilities differ by more than 1e-5.
    NotFittedError
        The estimator is not fitted.
    """
    from sklearn.utils.validation import check_is_fitted

    estimator = _fitted_within(estimator)
    check_is_fitted(estimator)
    buffer = io.BytesIO()
    _Freezer(buffer, n_jobs).dump(estimator)
    frozen = pickle.loads(buffer.getvalue())
    if X is not None:
        _compare(_outputs(estimator, X), _outputs(frozen, X), _TOLERANCE, "sample input")
    return frozen


def _fitted_within(estimator):
    """What a search has found, or an augmented classifier trained."""
    from sklearn.model_selection._search import BaseSearchCV
    from sklearn.utils.validation import check_is_fitted

    from ..compose.augmented import AugmentedClassifier

    if isinstance(estimator, BaseSearchCV):
        check_is_fitted(estimator, "best_estimator_")
        return _fitted_within(estimator.best_estimator_)
    if isinstance(estimator, AugmentedClassifier):
        check_is_fitted(estimator)
        return estimator.estimator_
    return estimator


class _Freezer(pickle.Pickler):
    """Copies an estimator, with every network in it replaced, wherever in its attributes it is."""

    def __init__(self, file, n_jobs):
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._n_jobs = n_jobs

    def reducer_override(self, obj):
        from ..recognizers.estimator import KerasSpeechClassifier

        if isinstance(obj, FrozenClassifier) and self._n_jobs is not None:
            return _frozen_classifier, (obj.graph, obj.classes, self._n_jobs)
        if not isinstance(obj, KerasSpeechClassifier):
            return NotImplemented
        if not hasattr(obj, "history_"):
            if hasattr(obj, "classes_"):
                raise NotFittedError(f"The training of this {type(obj).__name__} was not finished.")
            return UntrainedClassifier, (type(obj).__name__,)
        return _frozen_classifier, (_network_to_onnx(obj), tuple(obj.classes_.tolist()), self._n_jobs)


def _frozen_classifier(graph, classes, n_jobs):
    return FrozenClassifier(graph=graph, classes=classes, n_jobs=n_jobs)


def _network_to_onnx(classifier):
    """The graph of a trained network, compared with it.

    Parameters
    ----------
    classifier : SpeechCNN, SpeechRNN, SpeechCRNN or SpeechTransformer, fitted

    Returns
    -------
    graph : bytes

    Raises
    ------
    DeployError
        Probabilities differ by more than 1e-5.
    """
    # The labels are in the graph as well, so that labels and graph cannot be mixed up.
    graph = _to_onnx(classifier.network, "features", {"labels": json.dumps(classifier.classes_.tolist())})
    frozen = FrozenClassifier(graph=graph, classes=tuple(classifier.classes_.tolist()))
    X = _random_features(classifier)
    _compare(classifier.predict_proba(X), frozen.predict_proba(X), _TOLERANCE, type(classifier).__name__)
    return graph


def _to_onnx(model, input_name, metadata):
    """Convert a Keras model of one input.

    Parameters
    ----------
    model : keras.Model
    input_name : str
        What the graph's input is to be called.
    metadata : dict of str to str

    Returns
    -------
    graph : bytes
    """
    import onnx

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # tf2onnx 1.17 asks NumPy for names that it no longer has.
        warnings.simplefilter("ignore", FutureWarning)
        path = Path(folder, "model.onnx")
        model.predict_on_batch(np.zeros((1, *model.input_shape[1:]), np.float32))  # Keras exports what has been called
        model.export(path, format="onnx", verbose=False)
        graph = onnx.load(path)
    _rename_input(graph.graph, input_name)
    onnx.helper.set_model_props(graph, metadata)
    return Graph(graph.SerializeToString())


def _rename_input(graph, name):
    old = graph.input[0].name
    graph.input[0].name = name
    graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n"
    for node in graph.node:
        node.input[:] = [name if given == old else given for given in node.input]


def _random_features(classifier):
    """Features that lie as the training clips did, (_N_SAMPLES, n_frames, n_features)."""
    standardize = classifier.network.get_layer("standardize")
    mean, scale = (np.asarray(weight) for weight in standardize.get_weights())
    draws = np.random.default_rng(0).normal(size=(_N_SAMPLES, *classifier.input_shape_))
    return (draws / scale + mean).astype(np.float32)


def _outputs(estimator, X):
    """Probabilities, or labels where there are none."""
    return estimator.predict_proba(X) if hasattr(estimator, "predict_proba") else estimator.predict(X)


def _compare(expected, got, tolerance, name):
    if expected.dtype.kind != "f":
        n_others = np.count_nonzero(expected != got)
        if n_others:
            raise DeployError(f"{name}: {n_others} of {len(expected)} labels differ from the original's")
        return
    difference = float(np.abs(expected - got).max())
    if not difference <= tolerance:
        raise DeployError(
            f"{name}: probabilities differ by {difference:.2g} from the original's, expected {tolerance:g} or less"
        )


@public
def export(pipeline, path, X=None):
    """Write one graph from waveform to probabilities, features inside, for C++, phones and browsers.

    The file takes float32 waveforms of shape (n, n_samples), in TensorFlow Lite one at a time, and gives probabilities.
    Sample rate, number of samples and labels are in its metadata: in ONNX as properties, in TensorFlow Lite as
    ``metadata.json`` in a zip archive at the end of the file.

    Parameters
    ----------
    pipeline : Pipeline, fitted
        MelFeatures or MFCCFeatures, and a network.
    path : str or PathLike
        Ends in ``.onnx`` or ``.tflite``.
    X : array-like of shape (n,) or None, default=None
        Sample input, paths or waveforms, on which the written file is compared with the pipeline in its own runtime;
        None takes synthetic words and noise.

    Raises
    ------
    DeployError
        Probabilities differ by more than 1e-4. Nothing is written then.
    ValueError
        The pipeline is none that can be one graph.
    ImportError
        The runtime of .tflite files is not installed.
    """
    path = Path(path)
    writers = {".onnx": (_write_onnx, _run_onnx), ".tflite": (_write_tflite, _run_tflite)}
    if path.suffix not in writers:
        raise ValueError(f"{path} must end in .onnx or .tflite")
    if path.suffix == ".tflite" and find_spec("ai_edge_litert") is None:
        raise ImportError("a .tflite file is checked in its own runtime: pip install ai-edge-litert")
    features, classifier = _checked_steps(_fitted_within(pipeline))
    write, run = writers[path.suffix]
    clips = _waveforms(features, X)
    expected = pipeline.predict_proba(list(clips))
    with put_in_place(path) as unchecked:
        write(features, classifier, unchecked)
        _compare(expected, run(unchecked, clips), _EXPORT_TOLERANCE, str(path))


def _checked_steps(pipeline):
    """Features and network of a pipeline that can be one graph."""
    from sklearn.utils.validation import check_is_fitted

    from ..features.mel import MelFeatures
    from ..recognizers.estimator import KerasSpeechClassifier

    steps = [step for _, step in getattr(pipeline, "steps", [])]
    if len(steps) != 2 or not isinstance(steps[0], MelFeatures) or not isinstance(steps[1], KerasSpeechClassifier):
        names = [type(step).__name__ for step in steps] or [type(pipeline).__name__]
        raise ValueError(f"export takes a pipeline of MelFeatures or MFCCFeatures and a network, got {names}")
    features, classifier = steps
    check_is_fitted(features)
    check_is_fitted(classifier, "history_")
    if features.n_samples_ is None:
        raise ValueError("export needs clips of one length, got features with duration=None")
    if features.trim is not None:
        raise ValueError(f"a graph cannot trim clips, got features with trim={features.trim}")
    if callable(features.ref) and features.ref not in (np.max, np.amax, max):
        raise ValueError(f"a graph knows no callable as ref but numpy.max, got {features.ref!r}")
    return features, classifier


def _waveforms(features, X):
    """Sample input, (n, n_samples)."""
    from ..audio.reading import AudioLoader, resample
    from ..datasets import make_spoken_words

    if X is None:
        words = make_spoken_words(n_speakers=1, n_takes=1, random_state=0).data
        noise = np.random.default_rng(0).normal(0, 0.1, (4, features.n_samples_)).astype(np.float32)
        X = [*(resample(word, 16000, features.sample_rate) for word in words), *noise]
    loader = AudioLoader(sample_rate=features.sample_rate)
    loader.duration = features.n_samples_ / features.sample_rate
    return loader.fit_transform(X)


def _metadata(features, classifier):
    from .. import __version__

    return {
        "sample_rate": str(features.sample_rate),
        "n_samples": str(features.n_samples_),
        "labels": json.dumps(classifier.classes_.tolist()),
        "sklspeech": __version__,
    }


def _write_onnx(features, classifier, path):
    from .waveform_model import waveform_model

    model = waveform_model(features, classifier.network)
    path.write_bytes(_to_onnx(model, "waveform", _metadata(features, classifier)))


def _run_onnx(path, clips):
    from ..frozen.classifier import load_graph

    return load_graph(path.read_bytes()).run(None, {"waveform": clips})[0]


def _write_tflite(features, classifier, path):
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ValueError(f"TensorFlow Lite needs Keras's tensorflow backend, got {keras.backend.backend()}")
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    from .waveform_model import waveform_model

    model = waveform_model(features, classifier.network)
    clip = tf.TensorSpec((1, features.n_samples_), tf.float32, name="waveform")
    function = tf.function(lambda waveform: model(waveform, training=False), input_signature=[clip])
    # Keras's variables are none that the converter would turn into constants by itself.
    constant = convert_variables_to_constants_v2(function.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([constant])
    path.write_bytes(converter.convert())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("metadata.json", json.dumps(_metadata(features, classifier)))


def _run_tflite(path, clips):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=path.read_bytes())
    interpreter.allocate_tensors()
    (clip,), (probabilities,) = interpreter.get_input_details(), interpreter.get_output_details()
    rows = []
    for waveform in clips:
        interpreter.set_tensor(clip["index"], waveform[None])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(probabilities["index"])[0])
    return np.stack(rows)
