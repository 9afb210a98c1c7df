"""Google's speech_embedding as an ONNX graph that takes clips of any length, from the file that a package ships."""

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from .._runtime.onnx_graph import OnnxBytes

MIN_FRAMES, HOP_FRAMES = 76, 8  # that a step sees, and from one step to the next
N_MELS, N_UNITS = 32, 96
_PACKAGE, _FILE = "pyopen_wakeword", "models/embedding_model.tflite"
_SHA256 = "c0aea21eb84a4ce90a08c870da41b7a7173b45269e6a3207c71d67c40f3a59d8"
# Max pooling behind these convolutions: (frames, bands).
_POOLS = {3: (2, 2), 7: (1, 2), 11: (2, 2), 15: (1, 2), 19: (2, 2)}
_CONV_2D = 3  # TensorFlow Lite's number of the operator
_OPSET, _IR_VERSION = 17, 8


@lru_cache(maxsize=1)
def embedding_graph():
    """Make the graph.

    The network has no padding in time, so that all steps of a clip come of one pass; its file computes them one by one.

    Returns
    -------
    graph : OnnxBytes
        From ``features`` of shape (n, n_frames, 32) to ``embedding`` of shape (n, n_steps, 96).

    Raises
    ------
    ModuleNotFoundError
        The package is not installed.
    ImportError
        It ships another file.
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    constants: dict[str, Any] = {"tenth": np.float32(0.1), "two": np.float32(2.0), "lowest": np.float32(-0.4)}
    constants |= {"axis_1": np.array([1]), "axis_3": np.array([3])}
    nodes = [
        helper.make_node("Mul", ["features", "tenth"], ["scaled"]),  # as the network was trained
        helper.make_node("Add", ["scaled", "two"], ["shifted"]),
        helper.make_node("Unsqueeze", ["shifted", "axis_1"], ["x0"]),
    ]
    layers = _read_layers(_read_file())
    for i, (kernel, bias) in enumerate(layers, 1):
        constants |= {f"kernel_{i}": kernel, f"bias_{i}": bias}
        beside = kernel.shape[3] // 2  # bands are padded, frames are not
        conv = helper.make_node("Conv", [f"x{i - 1}", f"kernel_{i}", f"bias_{i}"], [f"conv_{i}"], pads=[0, beside] * 2)
        nodes.append(conv)
        out = f"conv_{i}"
        if i < len(layers):
            nodes.append(helper.make_node("LeakyRelu", [out], [f"relu_{i}"], alpha=0.2))
            nodes.append(helper.make_node("Max", [f"relu_{i}", "lowest"], [f"max_{i}"]))
            out = f"max_{i}"
        if i in _POOLS:
            nodes.append(helper.make_node("MaxPool", [out], [f"pool_{i}"], kernel_shape=_POOLS[i], strides=_POOLS[i]))
            out = f"pool_{i}"
        nodes[-1].output[0] = f"x{i}"
    nodes.append(helper.make_node("Squeeze", [f"x{len(layers)}", "axis_3"], ["steps"]))
    nodes.append(helper.make_node("Transpose", ["steps"], ["embedding"], perm=[0, 2, 1]))
    graph = helper.make_graph(
        nodes,
        "speech_embedding",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", "n_frames", N_MELS])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", "n_steps", N_UNITS])],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    checker.check_model(model)
    return OnnxBytes(model.SerializeToString())


def _read_file():
    """The TensorFlow Lite file of the package."""
    spec = find_spec(_PACKAGE)  # not imported: it would load its own runtime
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            "SpeechEmbedding needs the weights in the package pyopen-wakeword (Apache-2.0): "
            "pip install 'sklspeech[pretrained]'. One that was fitted, and saved, needs it no more"
        )
    path = Path(spec.origin).parent / _FILE
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise ImportError(
            f"{path} is not the network that SpeechEmbedding was checked with: pip install 'sklspeech[pretrained]'"
        )
    return content


def _read_layers(content):
    """Kernels (n_out, n_in, n_frames, n_bands) and biases of the convolutions, in their order."""
    from tf2onnx.tflite.Model import Model

    model = Model.GetRootAsModel(content, 0)
    graph = model.Subgraphs(0)

    def constant(index):
        tensor = graph.Tensors(index)
        data = model.Buffers(tensor.Buffer()).DataAsNumpy()
        return np.frombuffer(data.tobytes(), "<f4").reshape(tensor.ShapeAsNumpy())

    layers = []
    for operator in (graph.Operators(i) for i in range(graph.OperatorsLength())):
        code = model.OperatorCodes(operator.OpcodeIndex())
        if max(code.BuiltinCode(), code.DeprecatedBuiltinCode()) == _CONV_2D:
            layers.append((constant(operator.Inputs(1)).transpose(0, 3, 1, 2), constant(operator.Inputs(2))))
    return layers
