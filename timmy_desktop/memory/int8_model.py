"""The shipped model's graph, changed as it is loaded so that its int8 weights are multiplied as int8.

The file holds whole numbers with a scale for each column, and makes floats of them before it multiplies. Here
each such product becomes one `MatMulNBits` of onnxruntime over the same numbers. The file is ONNX, which is
protobuf; of its schema only what is touched is known here, and the rest is copied as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# So many numbers of a text share one scale while they are int8. Fewer: nearer to float32, and slower.
BLOCK = 64
_DOMAIN = b"com.microsoft"
_GRAPH, _OPSET = 7, 8
_NODE, _INITIALIZER = 1, 5
_INPUT, _OUTPUT, _NODE_NAME, _OP_TYPE, _ATTRIBUTE, _NODE_DOMAIN = 1, 2, 3, 4, 5, 7
_DIMS, _DATA_TYPE, _TENSOR_NAME, _RAW_DATA = 1, 2, 8, 9
_FLOAT, _UINT8 = 1, 2
_LENGTH_DELIMITED = 2
_Piece = bytes | memoryview
_AS_INT8 = 4  # the operator's accuracy level


def multiplied_as_int8(model: bytes) -> bytes:
    """The same model with its products of int8 weights done as int8."""
    made: list[_Piece] = []
    for number, value, raw in _fields(memoryview(model)):
        made += _long_field(_GRAPH, _graph(value)) if number == _GRAPH else [raw]
    made.append(_field(_OPSET, _field(1, _DOMAIN) + _number(2, 1)))
    return b"".join(made)


@dataclass(frozen=True)
class _Weight:
    """A matrix as it is stored: rows of what comes in, columns of what goes out, a scale for each column."""

    name: str
    numbers: NDArray[np.int8]
    scales: NDArray[np.float32]

    @property
    def stored(self) -> tuple[str, str]:
        return f"{self.name}_q", f"{self.name}_scale"

    @property
    def unpacking(self) -> tuple[str, str]:
        """What the nodes give out that make floats of it."""
        return f"{self.name}_f", self.name


def _graph(graph: memoryview) -> list[_Piece]:
    fields = list(_fields(graph))
    nodes = {place: _Node(value) for place, (number, value, _) in enumerate(fields) if number == _NODE}
    tensors = {
        _text(value, _TENSOR_NAME): (place, value)
        for place, (number, value, _) in enumerate(fields)
        if number == _INITIALIZER
    }
    products = {place: node for place, node in nodes.items() if node.op_type == "MatMul"}
    weights = {
        place: _weight(node.inputs[1], tensors)
        for place, node in products.items()
        if f"{node.inputs[1]}_q" in tensors
    }
    gone = {tensors[name][0] for weight in weights.values() for name in weight.stored}
    unpacked = {name for weight in weights.values() for name in weight.unpacking}
    gone |= {place for place, node in nodes.items() if node.outputs[0] in unpacked}
    made: list[_Piece] = []
    for place, (_, _, raw) in enumerate(fields):
        if place in weights:
            made.append(_product(nodes[place], weights[place]))
        elif place not in gone:
            made.append(raw)
    for weight in weights.values():
        made += _packed(weight)
    return made


class _Node:
    def __init__(self, message: memoryview) -> None:
        self.inputs = _texts(message, _INPUT)
        self.outputs = _texts(message, _OUTPUT)
        self.op_type = _text(message, _OP_TYPE)


def _weight(name: str, tensors: Mapping[str, tuple[int, memoryview]]) -> _Weight:
    import numpy as np

    numbers, scales = tensors[f"{name}_q"][1], tensors[f"{name}_scale"][1]
    columns = np.frombuffer(_bytes(scales, _RAW_DATA), np.float32)
    return _Weight(
        name, np.frombuffer(_bytes(numbers, _RAW_DATA), np.int8).reshape(-1, len(columns)), columns
    )


def _product(node: _Node, weight: _Weight) -> bytes:
    rows, columns = weight.numbers.shape
    settings = {"K": rows, "N": columns, "bits": 8, "block_size": BLOCK, "accuracy_level": _AS_INT8}
    message = [
        *(_field(_INPUT, name.encode()) for name in (node.inputs[0], *weight.stored)),
        _field(_OUTPUT, node.outputs[0].encode()),
        _field(_OP_TYPE, b"MatMulNBits"),
        *(_field(_ATTRIBUTE, _whole(name, value)) for name, value in settings.items()),
        _field(_NODE_DOMAIN, _DOMAIN),
    ]
    return _field(_NODE, b"".join(message))


def _packed(weight: _Weight) -> list[_Piece]:
    """Both tensors as the operator wants them: column by column, in blocks, the numbers from 0 to 255."""
    import numpy as np

    rows, columns = weight.numbers.shape
    shifted = (weight.numbers.astype(np.int16) + 128).astype(np.uint8)
    blocks = np.ascontiguousarray(shifted.T).reshape(columns, rows // BLOCK, BLOCK)
    scales = np.repeat(weight.scales, rows // BLOCK)
    stored, scaled = weight.stored
    return [*_tensor(stored, _UINT8, blocks), *_tensor(scaled, _FLOAT, scales)]


def _tensor(name: str, kind: int, values: NDArray[Any]) -> list[_Piece]:
    dimensions = b"".join(_number(_DIMS, size) for size in values.shape)
    told = dimensions + _number(_DATA_TYPE, kind) + _field(_TENSOR_NAME, name.encode())
    data = values.data.cast("B")
    return _long_field(_INITIALIZER, [told, *_long_field(_RAW_DATA, [data])])


def _whole(name: str, value: int) -> bytes:
    """An attribute that is a whole number."""
    return _field(1, name.encode()) + _number(3, value) + _number(20, 2)


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Each field's number, its value where that has a length (else nothing), and the field as it stands."""
    place = 0
    while place < len(message):
        start = place
        key, place = _varint(message, place)
        value = message[:0]
        if key & 7 == _LENGTH_DELIMITED:
            length, place = _varint(message, place)
            value = message[place : place + length]
            place += length
        elif key & 7 == 0:
            _, place = _varint(message, place)
        else:
            place += 8 if key & 7 == 1 else 4
        yield key >> 3, value, message[start:place]


def _bytes(message: memoryview, wanted: int) -> memoryview:
    return next((value for number, value, _ in _fields(message) if number == wanted), message[:0])


def _text(message: memoryview, wanted: int) -> str:
    return bytes(_bytes(message, wanted)).decode()


def _texts(message: memoryview, wanted: int) -> list[str]:
    return [bytes(value).decode() for number, value, _ in _fields(message) if number == wanted]


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7


def _as_varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    made.append(value)
    return bytes(made)


def _number(number: int, value: int) -> bytes:
    return _as_varint(number << 3) + _as_varint(value)


def _field(number: int, value: bytes) -> bytes:
    return b"".join(_long_field(number, [value]))


def _long_field(number: int, pieces: Sequence[_Piece]) -> list[_Piece]:
    """The same in pieces, which are put together once: that holds up every other thread."""
    length = sum(len(piece) for piece in pieces)
    return [_as_varint(number << 3 | _LENGTH_DELIMITED) + _as_varint(length), *pieces]
