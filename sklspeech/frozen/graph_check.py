"""Check an ONNX graph of unknown origin, from its bytes, because production has no onnx package.

The wire format of Protocol Buffers is a row of fields, each a number, a type and a value. The numbers are those of
onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from ..errors import ArchiveError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MODEL = {"graph": 7, "functions": 25}
_GRAPH = {"node": 1, "initializer": 5, "sparse_initializer": 15}
_NODE = {"op_type": 4, "attribute": 5, "domain": 7}
_ATTRIBUTE = {"t": 5, "g": 6, "tensors": 10, "graphs": 11, "sparse_tensor": 22, "sparse_tensors": 23}
_TENSOR = {"external_data": 13, "data_location": 14}
_MAX_DEPTH = 4  # of graphs in graphs

# The operators of our networks, as Keras exports them.
_NAMES = """
    Add And AveragePool Cast Concat ConstantOfShape Conv Cos Div Equal Expand Gather Gemm GlobalAveragePool Greater
    Identity LSTM Less Loop MatMul Max Min Mul Neg Not Pow Range Reciprocal ReduceMax ReduceMean ReduceProd ReduceSum
    Relu Reshape ReverseSequence Shape Sigmoid Sin Slice Softmax Split Sqrt Squeeze Sub Tanh Transpose Unsqueeze Where
"""
OPERATORS = frozenset(_NAMES.split())


def check_graph(graph):
    """Raise where a graph has operators that no network of ours has, or weights outside itself.

    Parameters
    ----------
    graph : bytes
        What is to be loaded.

    Raises
    ------
    ArchiveError
        It does, or it is no graph.
    """
    try:
        model = _fields(graph)
        if _all(model, _MODEL, "functions"):
            raise ArchiveError("network.onnx has functions of its own")
        for part in _all(model, _MODEL, "graph"):
            _check_part(part, _MAX_DEPTH)
    except (IndexError, TypeError) as error:
        raise ArchiveError("network.onnx is no ONNX graph, or a truncated one") from error


def _check_part(graph, depth):
    if not depth:
        raise ArchiveError(f"network.onnx has graphs in graphs, more than {_MAX_DEPTH} deep")
    fields = _fields(graph)
    if _all(fields, _GRAPH, "sparse_initializer"):
        raise ArchiveError("network.onnx has sparse weights")
    for tensor in _all(fields, _GRAPH, "initializer"):
        _check_tensor(tensor)
    for node in _all(fields, _GRAPH, "node"):
        _check_node(_fields(node), depth)


def _check_node(node, depth):
    names = [_text(name) for name in _all(node, _NODE, "op_type")]
    unknown = sorted(set(names) - OPERATORS)
    if unknown or any(map(_text, _all(node, _NODE, "domain"))):
        raise ArchiveError(f"network.onnx has operators that no network of ours has: {unknown or names}")
    for attribute in map(_fields, _all(node, _NODE, "attribute")):
        if _all(attribute, _ATTRIBUTE, "sparse_tensor") or _all(attribute, _ATTRIBUTE, "sparse_tensors"):
            raise ArchiveError("network.onnx has sparse weights")
        for tensor in _all(attribute, _ATTRIBUTE, "t") + _all(attribute, _ATTRIBUTE, "tensors"):
            _check_tensor(tensor)
        for part in _all(attribute, _ATTRIBUTE, "g") + _all(attribute, _ATTRIBUTE, "graphs"):
            _check_part(part, depth - 1)


def _check_tensor(tensor):
    fields = _fields(tensor)
    if _all(fields, _TENSOR, "external_data") or any(_all(fields, _TENSOR, "data_location")):
        raise ArchiveError("network.onnx refers to other files")


def _text(value):
    """Of a field of bytes; a number would become as many bytes."""
    if not isinstance(value, memoryview):
        raise ArchiveError("network.onnx is no ONNX graph: a number where a name is expected")
    return bytes(value).decode("ascii", "replace")


def _all(fields, numbers, name):
    return [value for number, value in fields if number == numbers[name]]


def _fields(message):
    """Numbers and values of a message."""
    message, place, fields = memoryview(message), 0, []
    while place < len(message):
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, place = _varint(message, place)
        elif kind == _BYTES:
            length, place = _varint(message, place)
            value, place = message[place : place + length], place + length
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
            value, place = message[place : place + length], place + length
        else:
            raise ArchiveError(f"network.onnx is no ONNX graph: a field of type {kind}")
        if place > len(message):
            raise ArchiveError("network.onnx is truncated")
        fields.append((number, value))
    return fields


def _varint(message, place):
    value = 0
    for shift in range(0, 70, 7):
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ArchiveError("network.onnx is no ONNX graph: a number of more than ten bytes")
