"""ONNX graphs: as bytes, and loaded for one thread."""

import os

from .public import public


@public
class OnnxBytes(bytes):
    """An ONNX graph, whose repr does not fill the screen."""

    def __repr__(self):
        return f"OnnxBytes({len(self):,} bytes)"


def start_session(graph):
    """Load an ONNX graph for one thread of the CPU; several may run it at once.

    ONNX Runtime is imported without its telemetry, unless ORT_DISABLE_TELEMETRY is set to something else than 1.

    Parameters
    ----------
    graph : bytes
        The ONNX graph.

    Returns
    -------
    session : onnxruntime.InferenceSession
    """
    # Of the library, not of the program: it would write an id below the user's cache folder, and start a thread that
    # reports. A program that wants that sets the variable to 0.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Threads that predict clips of their own need not wait for each other after every layer.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
