"""export: one graph from waveform to probabilities, for runtimes that know no Python."""

import json
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .. import __version__
from .._runtime.files import atomic_write
from .._runtime.onnx_graph import start_session
from .._runtime.public import public
from ..compose.within import fitted_within
from ..features.loader import AudioLoader
from ..features.mel import MelFeatures
from ..frozen.archive import golden_waveform
from .onnx import compare, to_onnx
from .transcriber_graph import check_ref, export_transcriber, is_transcriber

_EXPORT_TOLERANCE = 1e-4  # of a probability; the features inside are float32


@public
def export(pipeline, path, X=None):
    """Write one graph from waveform to probabilities, features inside, for C++, phones and browsers.

    The file takes float32 waveforms of shape (n, n_samples), in TensorFlow Lite one at a time, and gives
    ``probabilities``; that of a transcriber, in ONNX alone, takes any ``n_samples``, and gives ``log_probabilities`` of
    shape (n, n_steps, n_symbols), the blank last, which are still to be decoded. Sample rate, number of samples and
    labels or symbols are in its metadata: in ONNX as properties, in TensorFlow Lite as ``metadata.json`` in a zip
    archive at the end of the file; and for runtimes that show none, in a JSON file beside it, whose name is that of the
    graph and ``.json``.

    Parameters
    ----------
    pipeline : Pipeline, fitted
        MelFeatures or MFCCFeatures, and a network, of labels or of sentences.
    path : str or PathLike
        Ends in ``.onnx`` or ``.tflite``.
    X : array-like of shape (n,) or None, default=None
        Sample input, paths or waveforms, on which the written file is compared with the pipeline in its own runtime;
        None takes a chirp and noise.

    Raises
    ------
    DeployError
        Probabilities differ by more than 1e-4. Nothing is written then.
    ValueError
        The pipeline is none that can be one graph.
    ImportError
        The runtime of .tflite files is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklspeech import MelFeatures, Pipeline, SpeechCNN, datasets, export
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=4, n_takes=5, random_state=0)
    >>> pipeline = Pipeline([MelFeatures(), SpeechCNN(filters=(16,), epochs=12, random_state=0)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export(pipeline.fit(speech.data, speech.target), Path(folder, "model.onnx"))
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['model.onnx', 'model.onnx.json']
    """
    path = Path(path)
    pipeline = fitted_within(pipeline)
    if path.suffix == ".onnx" and is_transcriber(pipeline):
        export_transcriber(pipeline, path, X)
        return
    writers = {".onnx": (_write_onnx, _run_onnx), ".tflite": (_write_tflite, _run_tflite)}
    if path.suffix not in writers:
        raise ValueError(f"{path} must end in .onnx or .tflite")
    if path.suffix == ".tflite" and find_spec("ai_edge_litert") is None:
        raise ImportError("a .tflite file is checked in its own runtime: pip install ai-edge-litert")
    features, classifier = _checked_steps(pipeline)
    write, run = writers[path.suffix]
    clips = _sample_waveforms(features, X)
    expected = pipeline.predict_proba(list(clips))
    with atomic_write(path) as unchecked:
        write(features, classifier, unchecked)
        compare(expected, run(unchecked, clips), _EXPORT_TOLERANCE, str(path))
    with atomic_write(path.with_name(f"{path.name}.json")) as unchecked:
        unchecked.write_text(json.dumps(_metadata(features, classifier), indent=1, ensure_ascii=False), "utf-8")


def _checked_steps(pipeline):
    """Features and network of a pipeline that can be one graph."""
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
    check_ref(features)
    return features, classifier


def _sample_waveforms(features, X):
    """Sample input, (n, n_samples)."""
    if X is None:
        noise = np.random.default_rng(0).normal(0, 0.1, (4, features.n_samples_)).astype(np.float32)
        X = [golden_waveform(features), *noise]
    loader = AudioLoader(sample_rate=features.sample_rate, duration=features.n_samples_ / features.sample_rate)
    return loader.fit_transform(X)


def _metadata(features, classifier):
    return {
        "sample_rate": str(features.sample_rate),
        "n_samples": str(features.n_samples_),
        "labels": json.dumps(classifier.classes_.tolist()),
        "sklspeech": __version__,
    }


def _write_onnx(features, classifier, path):
    from .waveform_model import waveform_model

    model = waveform_model(features, classifier.network)
    path.write_bytes(to_onnx(model, ["waveform"], _metadata(features, classifier)))


def _run_onnx(path, clips):
    return start_session(path.read_bytes()).run(None, {"waveform": clips})[0]


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
