"""Check an ONNX graph of unknown origin, from its bytes, because production has no onnx package.

The wire format of Protocol Buffers is a row of fields, each a number, a type and a value. Readers differ in what they
make of a field that is unknown, of another type, or there twice: one would load what the other has checked. So every
field must be known, of its type, and there once unless it may be there often; whatever is not written in the shortest
way is refused as well. The numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from typing import NamedTuple

from ..errors import ArchiveError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_DEPTH = 4  # of graphs in graphs
_MAX_FIELDS = 200_000  # of all messages; our largest network has some thousands
_MAX_TEXT = 2**20  # bytes of a name, or of labels in the metadata
_OF_ORT_FORMAT = b"ORTM"  # from byte 4 on: ONNX Runtime takes such a file for one of its own format

# The operators of our networks, as Keras exports them.
_NAMES = """
    Add And AveragePool Cast Concat ConstantOfShape Conv Cos Div Equal Expand Gather Gemm GlobalAveragePool Greater
    Identity LSTM LeakyRelu Less LogSoftmax Loop MatMul Max MaxPool Min Mul Neg Not Pow Range Reciprocal ReduceMax
    ReduceMean ReduceProd ReduceSum Relu Reshape ReverseSequence Shape Sigmoid Sin Slice Softmax Split Sqrt Squeeze Sub
    Tanh Transpose Unsqueeze Where
"""
OPERATORS = frozenset(_NAMES.split())


class _Field(NamedTuple):
    """A field that may be: its name, its type on the wire, whether it may be there often, and the message it holds."""

    name: str
    kind: int
    often: bool = False
    message: str = ""


def _number(name, often=False):
    return _Field(name, _VARINT, often)


def _text(name, often=False):
    return _Field(name, _BYTES, often, "text")


def _data(name):
    return _Field(name, _BYTES, message="data")


def _message(name, message, often=False):
    return _Field(name, _BYTES, often, message)


# What may be in a message, by number. Fields that no network of ours has, such as functions, training information,
# sparse weights and weights in other files, are left out, and so are refused.
_MESSAGES = {
    "model": {
        1: _number("ir_version"),
        2: _text("producer_name"),
        3: _text("producer_version"),
        4: _text("domain"),
        5: _number("model_version"),
        6: _text("doc_string"),
        7: _message("graph", "graph"),
        8: _message("opset_import", "opset", often=True),
        14: _message("metadata_props", "entry", often=True),
    },
    "opset": {1: _text("domain"), 2: _number("version")},
    "entry": {1: _text("key"), 2: _text("value")},
    "graph": {
        1: _message("node", "node", often=True),
        2: _text("name"),
        5: _message("initializer", "tensor", often=True),
        10: _text("doc_string"),
        11: _message("input", "value", often=True),
        12: _message("output", "value", often=True),
        13: _message("value_info", "value", often=True),
    },
    "node": {
        1: _text("input", often=True),
        2: _text("output", often=True),
        3: _text("name"),
        4: _text("op_type"),
        5: _message("attribute", "attribute", often=True),
        6: _text("doc_string"),
        7: _text("domain"),
    },
    "attribute": {
        1: _text("name"),
        2: _Field("f", _FIXED32),
        3: _number("i"),
        4: _data("s"),
        5: _message("t", "tensor"),
        6: _message("g", "graph"),
        7: _Field("floats", _FIXED32, often=True),
        8: _number("ints", often=True),
        9: _Field("strings", _BYTES, often=True, message="data"),
        13: _text("doc_string"),
        20: _number("type"),
    },
    "tensor": {
        1: _number("dims", often=True),
        2: _number("data_type"),
        4: _data("float_data"),
        5: _data("int32_data"),
        7: _data("int64_data"),
        8: _text("name"),
        9: _data("raw_data"),
        12: _text("doc_string"),
    },
    "value": {1: _text("name"), 2: _message("type", "type"), 3: _text("doc_string")},
    "type": {1: _message("tensor_type", "tensor_type"), 6: _text("denotation")},
    "tensor_type": {1: _number("elem_type"), 2: _message("shape", "shape")},
    "shape": {1: _message("dim", "dim", often=True)},
    "dim": {1: _number("dim_value"), 2: _text("dim_param"), 3: _text("denotation")},
}


def check_graph(graph):
    """Raise where a graph has operators that no network of ours has, or anything that readers may take differently.

    Parameters
    ----------
    graph : bytes
        What is to be loaded.

    Raises
    ------
    ArchiveError
        It does, or it is no graph.
    """
    if graph[4:8] == _OF_ORT_FORMAT:
        raise ArchiveError("network.onnx looks like a file of another format, ORT")
    _Checker().check(memoryview(graph), "model", _MAX_DEPTH)


class _Checker:
    """Reads all messages of a graph, and counts their fields."""

    def __init__(self):
        self._n_fields = 0

    def check(self, message, kind, depth):
        """Check a message and those in it."""
        if not depth:
            raise ArchiveError(f"network.onnx has graphs in graphs, more than {_MAX_DEPTH} deep")
        known, seen = _MESSAGES[kind], set()
        for number, wire_type, value in _fields(message):
            self._n_fields += 1
            if self._n_fields > _MAX_FIELDS:
                raise ArchiveError(f"network.onnx has more than {_MAX_FIELDS} fields")
            field = known.get(number)
            if field is None:
                raise ArchiveError(f"network.onnx has field {number} in a {kind}, which no network of ours has")
            if wire_type != field.kind:
                raise ArchiveError(f"network.onnx has {field.name} of a {kind} of wire type {wire_type}")
            if number in seen and not field.often:
                raise ArchiveError(f"network.onnx has {field.name} of a {kind} more than once")
            seen.add(number)
            if field.message == "text":
                _check_text(kind, field.name, value)
            elif field.message in _MESSAGES:
                self.check(value, field.message, depth - (field.message == "graph" and kind != "model"))


def _check_text(kind, name, value):
    if len(value) > _MAX_TEXT:
        raise ArchiveError(f"network.onnx has {name} of a {kind} of {len(value)} bytes")
    try:
        text = str(value, "utf-8")
    except UnicodeDecodeError as error:
        raise ArchiveError(f"network.onnx has {name} of a {kind} that is no text") from error
    if (kind, name) == ("node", "op_type") and text not in OPERATORS:
        raise ArchiveError(f"network.onnx has an operator that no network of ours has: {text[:100]!r}")
    if (kind, name) == ("node", "domain") and text:
        raise ArchiveError(f"network.onnx has operators of another domain, {text[:100]!r}")


def _fields(message):
    """Number, wire type and value of every field of a message."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place, 5)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, place = _varint(message, place, 10)
        elif kind in (_BYTES, _FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
            if kind == _BYTES:
                length, place = _varint(message, place, 5)
            if length > len(message) - place:
                raise ArchiveError("network.onnx is truncated")
            value, place = message[place : place + length], place + length
        else:
            raise ArchiveError(f"network.onnx is no ONNX graph: a field of type {kind}")
        yield number, kind, value


def _varint(message, place, max_bytes):
    value = 0
    for i in range(max_bytes):
        if place + i >= len(message):
            raise ArchiveError("network.onnx is truncated")
        byte = message[place + i]
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            if (i and not byte) or value >= 1 << 64 or (max_bytes == 5 and value >= 1 << 32):
                break
            return value, place + i + 1
    raise ArchiveError("network.onnx is no ONNX graph: a number that is not written as numbers are")
