"""One graph from a waveform of any length to the probabilities of symbols."""

import json

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .. import __version__
from .._runtime.files import atomic_write
from .._runtime.onnx_graph import start_session
from ..features.loader import AudioLoader
from ..features.mel import MelFeatures
from ..features.mfcc import MFCCFeatures
from ..frozen.archive import golden_waveform
from .onnx import compare, to_onnx

_TOLERANCE = 1e-4  # of a probability; the features inside are float32


def is_transcriber(pipeline):
    """Whether a pipeline ends in a transcriber with a network.

    Parameters
    ----------
    pipeline : object

    Returns
    -------
    is_transcriber : bool
    """
    from ..recognizers.transcriber import SpeechTranscriber

    steps = getattr(pipeline, "steps", [])
    return bool(steps) and isinstance(steps[-1][1], SpeechTranscriber)


def export_transcriber(pipeline, path, X):
    """Write the graph, and what is in it as JSON beside it.

    Parameters
    ----------
    pipeline : Pipeline, fitted
    path : Path
        Ends in ``.onnx``.
    X : array-like of shape (n,) or None
        Sample input, paths or waveforms.

    Raises
    ------
    DeployError
        Probabilities differ by more than 1e-4. Nothing is written then.
    ValueError
        The pipeline is none that can be one graph.
    """
    from .waveform_model import waveform_model

    features, transcriber = _checked_steps(pipeline)
    metadata = {
        "sample_rate": str(features.sample_rate),
        "symbols": json.dumps(transcriber.symbols_),
        "frames_per_step": str(transcriber.frames_per_step_),
        "frames_per_second": str(features.sample_rate / features.hop_length),
        "sklspeech": __version__,
    }
    graph = to_onnx(waveform_model(features, transcriber.network), ["waveform"], metadata, "log_probabilities")
    session = start_session(graph)
    for i, clip in enumerate(_sample_waveforms(features, X)):
        (expected,) = transcriber.predict_log_proba(features.transform([clip]))
        (got,) = session.run(None, {"waveform": clip[None]})[0]
        compare(np.exp(expected), np.exp(got), _TOLERANCE, f"{path}, sample {i}")
    with atomic_write(path) as unchecked:
        unchecked.write_bytes(graph)
    with atomic_write(path.with_name(f"{path.name}.json")) as unchecked:
        unchecked.write_text(json.dumps(metadata, indent=1, ensure_ascii=False), "utf-8")


def _checked_steps(pipeline):
    """Features and network of a pipeline that can be one graph."""
    steps = [step for _, step in pipeline.steps]
    if len(steps) != 2 or not isinstance(steps[0], MelFeatures):
        names = [type(step).__name__ for step in steps]
        raise ValueError(f"export takes a pipeline of MelFeatures or MFCCFeatures and a transcriber, got {names}")
    features, transcriber = steps
    check_is_fitted(features)
    check_is_fitted(transcriber, "history_")
    if features.n_samples_ is not None:
        raise ValueError(f"a transcriber hears clips of any length, got features with duration={features.duration}")
    if features.trim is not None or (isinstance(features, MFCCFeatures) and features.deltas):
        raise ValueError("a graph of any length can neither trim clips nor make deltas: use trim=None and deltas=0")
    check_ref(features)
    return features, transcriber


def check_ref(features):
    """Raise where a graph cannot compute the reference of the decibels.

    Parameters
    ----------
    features : MelFeatures or MFCCFeatures

    Raises
    ------
    ValueError
        It is another callable than numpy.max.
    """
    if callable(features.ref) and features.ref not in (np.max, np.amax, max):
        raise ValueError(f"a graph knows no callable as ref but numpy.max, got {features.ref!r}")


def _sample_waveforms(features, X):
    if X is not None:
        return AudioLoader(sample_rate=features.sample_rate, duration=None).fit_transform(X)
    waveform = golden_waveform(features)
    return [waveform, waveform[: len(waveform) // 2]]
