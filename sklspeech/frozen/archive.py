"""save and load: a frozen pipeline as a zip of JSON, ONNX graphs and a golden input, without pickle.

    manifest.json   format and library versions, creation date, labels, sample rate, the steps and their parameters,
                    what is around them (RejectOption or WordSpotter), and the SHA-256 of the graph
    network.onnx    the graph; labels are in its metadata as well
    features.onnx   the graph of SpeechEmbedding, where that is the first step
    decoder.json    of a transcriber: its symbols, its language model, and how sentences are found
    input.npy       a waveform, (n_samples,)
    output.npy      what the pipeline made of it, of the same so faint that it falls below the smallest power, and of
                    silence, (3, n_classes): compared when the file is loaded; (n_classes,) in files of before

Nothing in a file is executed by Python or named to it: steps are looked up in a table, parameters are bounded and
checked as in `fit`, arrays are read without pickle, what is read is bounded in size, and the graph may have only the
operators of our networks and no weights in other files. A malicious graph can still run for a long time: load untrusted
files in a process with time and memory limits.
"""

import hashlib
import io
import json
import math
import platform
import warnings
import zipfile
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .. import __version__
from .._runtime.files import atomic_write
from .._runtime.onnx_graph import OnnxBytes, start_session
from .._runtime.public import public
from ..errors import ArchiveError, AudioWarning
from ..features.mel import MelFeatures
from ..features.mfcc import MFCCFeatures
from ..pretrained.graph import N_MELS
from ..pretrained.speech_embedding import SpeechEmbedding
from .classifier import FrozenClassifier
from .container import MAX_BYTES, OF_EMBEDDING, OF_TRANSCRIBER, read_contents
from .graph_check import check_graph
from .manifest import FORMAT_VERSION, check_fitted_length, check_manifest
from .pipeline import FrozenPipeline
from .transcriber import FrozenTranscriber
from .transcriber_json import read_transcriber, write_transcriber

# Parameters that memory grows with.
_MAX_PARAMS = {"n_fft": 2**16, "win_length": 2**16, "n_mels": 2**11, "delta_width": 2**11}
_MAX_FEATURES = 2**22  # of a clip
_FAINT = np.float32(2.0**-14)  # of the golden waveform, 84 dB
_TOLERANCE = 1e-4  # of a probability, on another machine
_FEATURES = {"MelFeatures": MelFeatures, "MFCCFeatures": MFCCFeatures, "SpeechEmbedding": SpeechEmbedding}
_NETWORKS = "FrozenClassifier", "FrozenTranscriber"
_FITTED = ("duration_", "n_samples_")
_NOT_SAVED = ("n_jobs", "on_error")  # are a matter of the machine
_LIBRARIES = ("numpy", "scipy", "sklearn", "onnxruntime")
_CALLABLES = {"numpy.max": np.max}  # what `ref` may be besides a number


@public
def save(pipeline, path):
    """Write a frozen pipeline without pickle.

    Parameters
    ----------
    pipeline : FrozenPipeline, RejectOption or WordSpotter
        What `freeze` made of MelFeatures, MFCCFeatures or SpeechEmbedding and a network, or of a `RejectOption` or
        `WordSpotter` around them.
    path : str or PathLike
        Usually ends in ``.sklspeech``.

    Raises
    ------
    ValueError
        The pipeline has other steps, or a parameter that JSON cannot hold.
    """
    from .around import split  # loads more of scikit-learn than production needs

    around, pipeline = split(pipeline)
    features, classifier = _savable_steps(pipeline)
    waveform = golden_waveform(features)
    graph_of_features = bytes(features.graph_) if isinstance(features, SpeechEmbedding) else b""
    of_transcriber = write_transcriber(classifier) if isinstance(classifier, FrozenTranscriber) else b""
    manifest = _manifest(pipeline, around, _digest(classifier.graph, graph_of_features, of_transcriber))
    text = json.dumps(manifest, indent=1, ensure_ascii=False, default=np.generic.item)
    contents = {
        # A lone surrogate, of a folder whose name is no UTF-8, becomes an escape of JSON.
        "manifest.json": text.encode("utf-8", "backslashreplace"),
        "network.onnx": bytes(classifier.graph),
        "input.npy": _npy(waveform),
        "output.npy": _npy(_golden_output(pipeline, waveform)),
    }
    if graph_of_features:
        contents[OF_EMBEDDING] = graph_of_features
    if of_transcriber:
        contents[OF_TRANSCRIBER] = of_transcriber
    with atomic_write(path) as unchecked:
        with zipfile.ZipFile(unchecked, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
        with _naming(path):
            _load(unchecked)  # nothing is written that could not be read


@public
def load(path) -> Any:  # which of the three, only the file knows
    """Read a frozen pipeline, and see that it still gives what it gave when it was saved.

    Parameters
    ----------
    path : str or PathLike
        What `save` wrote.

    Returns
    -------
    pipeline : FrozenPipeline, RejectOption or WordSpotter

    Raises
    ------
    ArchiveError
        The file is damaged, of another format or version, made by hand with something that does not belong there, or
        gives other probabilities than when it was saved.
    FileNotFoundError
        There is no such file.
    """
    with _naming(path):
        return _load(path)


def read_manifest(path):
    """Read what an archive says of itself: versions, creation date, labels, sample rate, steps.

    Parameters
    ----------
    path : str or PathLike

    Returns
    -------
    manifest : dict

    Raises
    ------
    ArchiveError
        The file is no archive, or of another version.
    """
    with _naming(path):
        return check_manifest(read_contents(path)["manifest.json"])


@contextmanager
def _naming(path):
    """Put the name of the file to what is wrong with it."""
    try:
        yield
    except ArchiveError as error:
        error.path = str(path)
        raise


# Writing


def _savable_steps(pipeline):
    steps = [step for _, step in getattr(pipeline, "steps", [])]
    names = [type(step).__name__ for step in steps] or [type(pipeline).__name__]
    if len(steps) != 2 or names[0] not in _FEATURES or names[1] not in _NETWORKS:
        raise ValueError(
            f"save takes a frozen pipeline of MelFeatures, MFCCFeatures or SpeechEmbedding and a network, got {names}: "
            "freeze it first, and use joblib for other steps"
        )
    if getattr(steps[1], "multilabel", False):
        raise ValueError("save has no place for several labels a clip: use joblib")
    check_is_fitted(steps[0])
    return steps


def _manifest(pipeline, around, digest):
    """What an archive says of itself."""
    features, network = (step for _, step in pipeline.steps)
    params = {name: value for name, value in features.get_params().items() if name not in _NOT_SAVED}
    manifest = {
        "format": "sklspeech",
        "format_version": FORMAT_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": _versions(),
        "sha256": digest,
        "sample_rate": features.sample_rate,
        "labels": network.symbols_ if isinstance(network, FrozenTranscriber) else list(network.classes),
        "steps": [
            {
                "name": pipeline.steps[0][0],
                "class": type(features).__name__,
                "params": {name: _to_json(name, value) for name, value in params.items()},
                "fitted": {name: getattr(features, name) for name in _FITTED},
            },
            {"name": pipeline.steps[1][0], "class": type(network).__name__, "params": {}},
        ],
    }
    return manifest if around is None else manifest | {"around": around}


def golden_waveform(features):
    """A chirp in noise, which reaches every band, from silence to loud.

    Parameters
    ----------
    features : MelFeatures or MFCCFeatures, fitted

    Returns
    -------
    waveform : ndarray of shape (n_samples_,), float32
        A second, where clips keep their length.
    """
    n_samples = _golden_length(features)
    time = np.arange(n_samples) / n_samples
    chirp = np.sin(np.pi * 0.5 * n_samples * time**2)
    noise = np.random.default_rng(0).normal(0, 0.05, n_samples)
    # Faint at first, by 100 dB, so that floors are heard.
    level = 10 ** (-5 * np.maximum(0.0, 1 - 4 * time))
    return (level * (0.3 * chirp * np.sin(np.pi * time) + noise)).astype(np.float32)


def _golden_output(pipeline, waveform):
    """Probabilities of a waveform, of the same so faint that it falls below `amin`, and of silence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioWarning)
        clips = waveform, waveform * _FAINT, np.zeros_like(waveform)
        return np.concatenate([_probabilities(pipeline, clip) for clip in clips])  # one alone is in memory


def _probabilities(pipeline, clip):
    """Of the labels, (1, n_classes); of the symbols in every step, (n_steps, n_symbols)."""
    if isinstance(pipeline[-1], FrozenTranscriber):
        return np.exp(pipeline[-1].predict_log_proba(pipeline[:-1].transform([clip]))[0])
    return pipeline.predict_proba([clip])


def _golden_length(features):
    return features.n_samples_ or features.sample_rate


def _versions():
    versions = {name: import_module(name).__version__ for name in _LIBRARIES}
    return {"sklspeech": __version__, "python": platform.python_version(), **versions}


def _to_json(name, value):
    """A parameter as JSON holds it; a callable by its name."""
    if callable(value):
        known = [key for key, function in _CALLABLES.items() if function is value]
        if not known:
            raise ValueError(f"{name}={value!r} cannot be saved, expected a number or numpy.max")
        return {"callable": known[0]}
    return {"tuple": list(value)} if isinstance(value, tuple) else value


def _npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


# Reading


def _load(path):
    contents = read_contents(path)
    manifest, graph = check_manifest(contents["manifest.json"]), contents["network.onnx"]
    graph_of_features = contents.get(OF_EMBEDDING, b"")
    of_transcriber = contents.get(OF_TRANSCRIBER, b"")
    digest = _digest(graph, graph_of_features, of_transcriber)
    if manifest.get("sha256", digest) != digest:  # files of before have none
        raise ArchiveError("network.onnx is damaged, or not the one that was saved")
    pipeline = _build(manifest, graph, graph_of_features, of_transcriber)
    _check_golden(pipeline, contents)
    if "around" not in manifest:
        return pipeline
    from .around import build  # loads more of scikit-learn than other archives need

    return build(manifest["around"], pipeline)


def _digest(graph, graph_of_features, of_transcriber):
    """What a changed weight, too small a change for the golden output, shows in."""
    return hashlib.sha256(graph + graph_of_features + of_transcriber).hexdigest()


def _build(manifest, graph, graph_of_features, of_transcriber):
    """The pipeline of a manifest, unchecked yet in what it gives."""
    classes = [step["class"] for step in manifest["steps"]]
    if len(classes) != 2 or classes[0] not in _FEATURES or classes[1] not in _NETWORKS:
        raise ArchiveError(f"has steps {classes}, expected features and one of {_NETWORKS}")
    if (classes[1] == "FrozenTranscriber") != bool(of_transcriber):
        raise ArchiveError(f"{OF_TRANSCRIBER} belongs to FrozenTranscriber, got {classes[1]}")
    first, last = manifest["steps"]
    features = _build_features(first, graph_of_features)
    if features.sample_rate != manifest["sample_rate"]:
        raise ArchiveError(f"sample_rate is {manifest['sample_rate']}, that of {classes[0]} {features.sample_rate}")
    if last["params"]:
        raise ArchiveError(f"{classes[1]} must have no parameters, got {sorted(last['params'])[:10]}")
    names = first["name"], last["name"]
    if len(set(names)) < 2 or any("__" in name or not name for name in names):
        raise ArchiveError(f"names of steps must differ and have no '__', got {names}")
    classifier = _build_network(manifest["labels"], graph, features, of_transcriber)
    return FrozenPipeline(list(zip(names, (features, classifier), strict=True)))


def _build_features(step, graph):
    estimator = _FEATURES[step["class"]]()
    if isinstance(estimator, SpeechEmbedding) != bool(graph):
        raise ArchiveError(f"{OF_EMBEDDING} belongs to SpeechEmbedding, got {step['class']}")
    if graph:
        _check_embedding(graph)
        estimator.graph_ = OnnxBytes(graph)
    params = {name: _from_json(value) for name, value in step["params"].items()}
    unknown = sorted(set(params) ^ (set(estimator.get_params()) - set(_NOT_SAVED)))
    if unknown:
        raise ArchiveError(f"parameters of {step['class']} are missing or unknown: {unknown}")
    estimator.set_params(**params)
    for name, value in params.items():
        is_flag = "boolean" in estimator._parameter_constraints[name]
        if isinstance(value, bool) != is_flag or (isinstance(value, float) and not math.isfinite(value)):
            raise ArchiveError(f"parameter {name} cannot be {value!r}")
    for name, largest in _MAX_PARAMS.items():
        if isinstance(params.get(name), int) and params[name] > largest:
            raise ArchiveError(f"{name}={params[name]} is too large, expected {largest} or less")
    try:
        estimator._validate_params()
    except Exception as error:  # windows of scipy take parameters of their own
        raise ArchiveError(str(error)) from error
    check_fitted_length(step.get("fitted"), estimator.duration, estimator.sample_rate)
    for name, value in step["fitted"].items():
        setattr(estimator, name, value)
    n_samples = _golden_length(estimator)
    if not 0 < n_samples <= MAX_BYTES["input.npy"] // 4:
        raise ArchiveError(f"n_samples_ is {n_samples}")
    if np.prod(estimator.row_shape(n_samples), dtype=float) > _MAX_FEATURES:
        raise ArchiveError(f"{step['class']} makes too many frames of {n_samples} samples")
    return estimator


def _check_embedding(graph):
    """See that a graph goes from frames of features to steps of an embedding."""
    check_graph(graph)
    try:
        session = start_session(graph)
    except Exception as error:  # ONNX Runtime's errors have no common class
        raise ArchiveError(f"{OF_EMBEDDING} cannot be loaded ({str(error)[:200]})") from error
    shapes = [[size if isinstance(size, int) else None for size in value.shape] for value in session.get_inputs()]
    if shapes != [[None, None, N_MELS]]:
        raise ArchiveError(f"{OF_EMBEDDING} has inputs of shapes {shapes}")


def _from_json(value):
    if not isinstance(value, dict):
        return value
    if list(value) == ["tuple"] and isinstance(value["tuple"], list):
        return tuple(value["tuple"])
    if list(value) == ["callable"] and value["callable"] in list(_CALLABLES):
        return _CALLABLES[value["callable"]]
    raise ArchiveError(f"parameter {str(value)[:100]} is none that can be")


def _build_network(labels, graph, features, of_transcriber):
    check_graph(graph)
    classifier: FrozenClassifier | FrozenTranscriber
    if of_transcriber:
        classifier = read_transcriber(of_transcriber, OnnxBytes(graph), labels)
    else:
        classifier = FrozenClassifier(graph=OnnxBytes(graph), classes=tuple(labels))
    try:
        session = classifier.load_graph()
    except Exception as error:  # ONNX Runtime's errors have no common class
        raise ArchiveError(f"network.onnx cannot be loaded ({str(error)[:200]})") from error
    in_graph = session.get_modelmeta().custom_metadata_map.get("labels")
    if in_graph != json.dumps(labels):
        raise ArchiveError(f"labels are {labels}, those of network.onnx {in_graph}")
    _check_shapes(session, features, [None, len(labels) + 1] if of_transcriber else [len(labels)])
    return classifier


def _check_shapes(session, features, output):
    """See that a graph takes what the features give, and gives a probability a label, or a symbol and step."""
    n_frames, n_features = features.row_shape(_golden_length(features))
    expected = [[n_frames, n_features], output]
    if features.n_samples_ is None or len(output) > 1:
        expected = [[None, n_features], [], output]
    values = [*session.get_inputs(), *session.get_outputs()]
    shapes = [[size if isinstance(size, int) else None for size in value.shape[1:]] for value in values]
    if shapes != expected:
        raise ArchiveError(f"network.onnx has inputs and outputs of shapes {shapes} a clip, expected {expected}")


def _check_golden(pipeline, contents):
    waveform = _array(contents, "input.npy", (_golden_length(pipeline[0]),))
    n_rows, n_columns = _golden_shape(pipeline)
    is_of_before = len(contents["output.npy"]) < len(_npy(np.empty((n_rows, n_columns), np.float32)))
    expected = _array(contents, "output.npy", (n_columns,) if is_of_before else (n_rows, n_columns))
    try:
        got = pipeline.predict_proba([waveform])[0] if is_of_before else _golden_output(pipeline, waveform)
    except Exception as error:  # whatever a graph made by hand makes of ONNX Runtime
        raise ArchiveError(f"cannot predict its own golden input ({str(error)[:200]})") from error
    difference = float(np.abs(got - expected).max())
    if not difference <= _TOLERANCE:
        raise ArchiveError(f"gives other probabilities than when it was saved, by {difference:.2g}")


def _golden_shape(pipeline):
    features, network = pipeline[0], pipeline[-1]
    if not isinstance(network, FrozenTranscriber):
        return 3, len(network.classes)
    n_frames, _ = features.row_shape(_golden_length(features))
    return 3 * -(-n_frames // network.frames_per_step), len(network.symbols_) + 1


def _array(contents, name, shape):
    """An array of known shape: its header is compared, not believed."""
    content, expected = contents[name], _npy(np.empty(shape, np.float32))
    n_bytes = 4 * math.prod(shape)
    header = expected[: len(expected) - n_bytes]
    if len(content) != len(expected) or content[: len(header)] != header:
        raise ArchiveError(f"{name} is no array of shape {shape} of float32")
    return np.frombuffer(content, "<f4", offset=len(header)).reshape(shape)
