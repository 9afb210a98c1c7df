"""What readers of Protocol Buffers may take differently is refused."""

import onnx
import pytest

from sklspeech import ArchiveError
from sklspeech.frozen.graph_check import check_graph


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number, kind, content):
    return varint(number << 3 | kind) + (varint(len(content)) if kind == 2 else b"") + content


def graph(*operators):
    nodes = [onnx.helper.make_node(name, ["x"], ["y"]) for name in operators]
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 3])
    return onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", [value], [value])).SerializeToString()


GOOD = graph("Relu", "Tanh")
NODE = onnx.helper.make_node("Relu", ["x"], ["y"]).SerializeToString()


def with_node(content):
    return field(7, 2, field(1, 2, content))


REFUSED = {
    "a field that is unknown": GOOD + field(99, 2, b"x"),
    "a field of number 0": GOOD + field(0, 0, b"\1"),
    "functions": GOOD + field(25, 2, b""),
    "training": GOOD + field(20, 2, b""),
    "a second graph": GOOD + field(7, 2, b""),
    "a second version": GOOD + field(1, 0, b"\7"),
    "a graph as a number": field(7, 0, b"\1"),
    "a version as bytes": field(1, 2, b"\7"),
    "a group": GOOD + b"\x0b\x0c",
    "wire type 6": GOOD + b"\x0e",
    "a tag in more bytes than it needs": GOOD[:1] + b"" + field(2, 2, b"a").replace(b"\x12", b"\x92\x00"),
    "a length in more bytes than it needs": b"\x12\x81\x00a",
    "a number of more than 64 bits": b"\x08" + b"\xff" * 9 + b"\x7f",
    "a number without an end": b"\x08" + b"\xff" * 12,
    "a tag of more than 32 bits": b"\xff\xff\xff\xff\xff\x01",
    "a length beyond the end": b"\x12\x7fa",
    "cut": GOOD[:-3],
    "a name that is no text": field(2, 2, b"\xff\xfe"),
    "another operator": graph("Relu", "If"),
    "an operator that looks alike": graph("Relu\0"),
    "two operators in one": with_node(NODE + field(4, 2, b"Xor")),
    "an operator of another library": with_node(NODE + field(7, 2, b"com.evil")),
    "an operator of its own kind": with_node(NODE + field(8, 2, b"overload")),
    "sparse weights": field(7, 2, field(15, 2, b"")),
    "weights in other files": field(7, 2, field(5, 2, field(13, 2, b""))),
    "a place of weights": field(7, 2, field(5, 2, field(14, 0, b"\1"))),
    "a file of ONNX Runtime": b"\0\0\0\0ORTM" + GOOD,
    "too many fields": GOOD + field(8, 2, b"") * 200_001,
}


def test_a_good_graph():
    check_graph(GOOD)


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_refused(content):
    with pytest.raises(ArchiveError, match=r"network\.onnx") as error:
        check_graph(content)
    assert len(str(error.value)) < 400
