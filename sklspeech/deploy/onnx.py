"""Keras models become ONNX graphs, which are compared with them."""

import tempfile
import warnings
from pathlib import Path

import numpy as np

from .._runtime.onnx_graph import OnnxBytes
from ..errors import DeployError

_SAMPLES = 2**16  # the largest n_fft of an archive


def to_onnx(model, input_names, metadata, output_name="probabilities"):
    """Convert a Keras model.

    Parameters
    ----------
    model : keras.Model
    input_names : sequence of str
        What the graph's inputs are to be called.
    metadata : dict of str to str
    output_name : str, default="probabilities"
        What its output is to be called.

    Returns
    -------
    graph : OnnxBytes
    """
    import onnx

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # tf2onnx 1.17 asks NumPy for names that it no longer has.
        warnings.simplefilter("ignore", FutureWarning)
        path = Path(folder, "model.onnx")
        _call_once(model)
        model.export(path, format="onnx", verbose=False)
        graph = onnx.load(path)
    for i, name in enumerate(input_names):
        _rename(graph.graph, graph.graph.input[i], name)
    _rename(graph.graph, graph.graph.output[0], output_name)
    onnx.helper.set_model_props(graph, metadata)
    return OnnxBytes(graph.SerializeToString())


def _call_once(model):
    """Keras exports a model that has been called."""
    shapes = [[1 if size is None else size for size in value.shape] for value in model.inputs]
    if tuple(model.inputs[0].shape) == (None, None):  # waveforms of any length: long enough for every frame
        shapes[0][1] = _SAMPLES
    inputs = [np.ones(shape, value.dtype) for shape, value in zip(shapes, model.inputs, strict=True)]
    model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])


def _rename(graph, value, name):
    """Give an input or the output a name, and its first axis the name n."""
    old, value.name = value.name, name
    value.type.tensor_type.shape.dim[0].dim_param = "n"
    if old == name:
        return
    for node in graph.node:
        node.input[:] = [f"{given}_" if given == name else name if given == old else given for given in node.input]
        node.output[:] = [f"{given}_" if given == name else name if given == old else given for given in node.output]


def compare(expected, got, tolerance, name):
    """Raise where a deployed model does not give what the original gives.

    Parameters
    ----------
    expected, got : ndarray of shape (n, n_classes), float, or of labels, (n,); or a list of these
    tolerance : float
        Of a probability.
    name : str
        For the error.

    Raises
    ------
    DeployError
        They differ.
    """
    if isinstance(expected, list):  # of several outputs
        for i, (one, other) in enumerate(zip(expected, got, strict=True)):
            compare(one, other, tolerance, f"{name}, output {i}")
        return
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
