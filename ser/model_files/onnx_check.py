"""What an ONNX file holds, told from its bytes: whether it can be given to a runtime, its metadata, its ends.

A runtime that loads a file does what it says: it opens other files that tensors name, and runs loops. So this reading
of the bytes comes before, and knows only what `ser.model_files.export` writes. Whatever else there is, it refuses.

Source:
    Numbers and types of fields: onnx/onnx.proto of ONNX 1.23. Encoding: https://protobuf.dev/programming-guides/encoding
"""

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

OPSET = 18
"""Version of ONNX's operators: of December 2022, which every runtime of these days has."""

IR_VERSION = 8
"""Version of the file's form that goes with these operators."""

OPERATORS = frozenset(
    [
        "Add",
        "And",
        "BatchNormalization",
        "Cast",
        "Clip",
        "Concat",
        "Constant",
        "ConstantOfShape",
        "Conv",
        "Div",
        "DynamicQuantizeLinear",
        "Einsum",
        "Equal",
        "Erf",
        "Expand",
        "Flatten",
        "Gather",
        "Gemm",
        "Greater",
        "Identity",
        "LayerNormalization",
        "LogSoftmax",
        "MatMul",
        "MatMulInteger",
        "MaxPool",
        "Mul",
        "Pow",
        "ReduceLogSumExp",
        "ReduceMean",
        "ReduceProd",
        "ReduceSum",
        "Relu",
        "Reshape",
        "Shape",
        "Slice",
        "Softmax",
        "Sqrt",
        "Sub",
        "Tanh",
        "Transpose",
        "Unsqueeze",
        "Where",
    ]
)
"""What the networks of `ser.models` become, all of ONNX's own domain."""

MAX_FIELDS = 100_000
"""Of a file; twenty of our largest networks side by side have a fifth of it."""

MAX_NODES = 10_000

MAX_NAME = 256
"""Bytes of a name."""

MAX_ATTRIBUTE = 1000
"""Largest whole number in an attribute, such as the width of a window; ours are below ten."""

MAX_RANK = 8
"""Of a tensor."""

FLOAT, INT8, INT64 = 1, 3, 7
_BYTES_PER_NUMBER = {FLOAT: 4, INT8: 1, INT64: 8}

_VARINT, _LENGTH, _FOUR_BYTES = 0, 2, 5


class _Field(NamedTuple):
    """A field of a message: its name, its wire type, whether it may be there several times, the message that it is."""

    name: str
    wire: int
    repeated: bool = False
    message: str = ""


_MESSAGES = {
    "model": {
        1: _Field("ir_version", _VARINT),
        2: _Field("producer_name", _LENGTH),
        3: _Field("producer_version", _LENGTH),
        7: _Field("graph", _LENGTH, message="graph"),
        8: _Field("opset_import", _LENGTH, message="opset"),
        14: _Field("metadata_props", _LENGTH, repeated=True, message="entry"),
    },
    "opset": {2: _Field("version", _VARINT)},
    "entry": {1: _Field("key", _LENGTH), 2: _Field("value", _LENGTH)},
    "graph": {
        1: _Field("node", _LENGTH, repeated=True, message="node"),
        2: _Field("name", _LENGTH),
        5: _Field("initializer", _LENGTH, repeated=True, message="tensor"),
        11: _Field("input", _LENGTH, repeated=True, message="value"),
        12: _Field("output", _LENGTH, repeated=True, message="value"),
    },
    "node": {
        1: _Field("input", _LENGTH, repeated=True),
        2: _Field("output", _LENGTH, repeated=True),
        3: _Field("name", _LENGTH),
        4: _Field("op_type", _LENGTH),
        5: _Field("attribute", _LENGTH, repeated=True, message="attribute"),
    },
    "attribute": {
        1: _Field("name", _LENGTH),
        2: _Field("f", _FOUR_BYTES),
        3: _Field("i", _VARINT),
        4: _Field("s", _LENGTH),
        5: _Field("t", _LENGTH, message="tensor"),
        8: _Field("ints", _VARINT, repeated=True),
        20: _Field("type", _VARINT),
    },
    "tensor": {
        1: _Field("dims", _VARINT, repeated=True),
        2: _Field("data_type", _VARINT),
        8: _Field("name", _LENGTH),
        9: _Field("raw_data", _LENGTH),
    },
    "value": {1: _Field("name", _LENGTH), 2: _Field("type", _LENGTH, message="type")},
    "type": {1: _Field("tensor_type", _LENGTH, message="tensor_type")},
    "tensor_type": {1: _Field("elem_type", _VARINT), 2: _Field("shape", _LENGTH, message="shape")},
    "shape": {1: _Field("dim", _LENGTH, repeated=True, message="dim")},
    "dim": {1: _Field("dim_value", _VARINT), 2: _Field("dim_param", _LENGTH)},
}
"""Every message that is read, and by number every field that it may have. No message can hold one of its own kind."""

_ATTRIBUTE_TYPES = {1: "f", 2: "i", 3: "s", 4: "t", 7: "ints"}


class NotPlainError(Exception):
    """The bytes are no ONNX model, or one that holds something else than a network of plain layers."""


class End(NamedTuple):
    """An input or an output of a network: its name, and its shape, in which a size that varies has a name."""

    name: str
    shape: tuple[int | str, ...]


class PlainNetwork(NamedTuple):
    """What an ONNX model that can be given to a runtime says of itself."""

    metadata: dict[str, str]
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]


def read_network(data: bytes) -> PlainNetwork:
    """Check an ONNX model, and read its metadata and its ends.

    Raises:
        NotPlainError: it has a field or an operator that none of ours has, or one too often; a tensor has another size
            than its shape; a number is out of range; it is damaged.
    """
    model = _Reader().read(memoryview(data), "model")
    _require("graph" in model, "no network")
    versions = model.get("ir_version"), model.get("opset_import", {}).get("version")
    _require(versions == (IR_VERSION, OPSET), f"another version than {IR_VERSION} with operators {OPSET}: {versions}")
    graph = model["graph"]
    _require(len(graph["node"]) <= MAX_NODES, f"more than {MAX_NODES:,} operators")
    for node in graph["node"]:
        _check_node(node)
    for tensor in graph["initializer"]:
        _check_tensor(tensor)
    metadata = {_text(entry, "key"): _text(entry, "value") for entry in model["metadata_props"]}
    _require(len(metadata) == len(model["metadata_props"]), "metadata of the same name twice")
    inputs, outputs = (tuple(_end(value, which) for value in graph[which]) for which in ("input", "output"))
    return PlainNetwork(metadata, inputs, outputs)


def entry(key: str, value: str) -> bytes:
    """The bytes of one line of a model's metadata, as they stand at its end."""
    pair = _field(1, key.encode()) + _field(2, value.encode())
    return _field(14, pair)


def _field(number: int, content: bytes) -> bytes:
    length, size = len(content), b""
    while length > 0x7F:
        size += bytes([length & 0x7F | 0x80])
        length >>= 7
    return bytes([number << 3 | _LENGTH]) + size + bytes([length]) + content


def _check_node(node: dict[str, Any]) -> None:
    operator = _name(node.get("op_type", b""))
    _require(operator in OPERATORS, f"the operator {operator!r}, which is not in ser/model_files/onnx_check.py")
    for name in (node.get("name", b""), *node["input"], *node["output"]):
        _name(name)
    for attribute in node["attribute"]:
        _name(attribute.get("name", b""))
        kind = _ATTRIBUTE_TYPES.get(attribute.get("type", 0), "")
        values = {name for name, value in attribute.items() if name not in ("name", "type") and value != []}
        _require(values <= {kind} and kind != "", "an attribute of another type than it says")
        whole = [*attribute["ints"], attribute.get("i", 0)]
        _require(max(map(abs, whole)) <= MAX_ATTRIBUTE, f"an attribute beyond {MAX_ATTRIBUTE:,}")
        _require(len(attribute.get("s", b"")) <= MAX_NAME, f"text of more than {MAX_NAME} bytes")
        if "t" in attribute:
            _check_tensor(attribute["t"])


def _check_tensor(tensor: dict[str, Any]) -> None:
    _name(tensor.get("name", b""))
    size = _BYTES_PER_NUMBER.get(tensor.get("data_type", 0))
    _require(size is not None, "a tensor of other numbers than float32, int8 and int64")
    _require(len(tensor["dims"]) <= MAX_RANK and min(tensor["dims"], default=0) >= 0, "a tensor of an impossible shape")
    _require(prod(tensor["dims"]) * (size or 0) == len(tensor.get("raw_data", b"")), "a tensor of another size")


def _end(value: dict[str, Any], which: str) -> End:
    tensor = value.get("type", {}).get("tensor_type", {})
    _require(tensor.get("elem_type") == FLOAT, f"an {which} that is not of float32")
    dims = tensor.get("shape", {}).get("dim", [])
    _require(all(len(dim) == 1 for dim in dims), f"an {which} without a shape")
    shape = (dim["dim_value"] if "dim_value" in dim else _name(dim["dim_param"]) for dim in dims)
    return End(_name(value.get("name", b"")), tuple(shape))


def _name(content: bytes | memoryview) -> str:
    _require(len(content) <= MAX_NAME, f"a name of more than {MAX_NAME} bytes")
    return _decoded(content)


def _text(message: dict[str, Any], field: str) -> str:
    return _decoded(message.get(field, b""))


def _decoded(content: bytes | memoryview) -> str:
    try:
        return str(content, "utf-8")
    except UnicodeDecodeError:
        raise NotPlainError("text that is not UTF-8") from None


def _require(holds: bool, found: str) -> None:
    if not holds:
        raise NotPlainError(found)


class _Reader:
    """Reads messages by `_MESSAGES`; counts their fields."""

    def __init__(self) -> None:
        self._n_fields = 0

    def read(self, data: memoryview, message: str) -> dict[str, Any]:
        """Read a message: the values of its fields by name, of repeated ones in a list, which may be empty."""
        fields = _MESSAGES[message]
        values: dict[str, Any] = {field.name: [] for field in fields.values() if field.repeated}
        for number, wire, value in _split(data):
            self._n_fields += 1
            _require(self._n_fields <= MAX_FIELDS, f"more than {MAX_FIELDS:,} fields")
            field = fields.get(number)
            if field is None or field.wire != wire:
                raise NotPlainError(
                    f"field {number} of type {wire} of an ONNX {message}, which no model of this project has"
                )
            content = self.read(value, field.message) if field.message else value
            if field.repeated:
                values[field.name].append(content)
            else:
                _require(field.name not in values, f"an ONNX {message} with two of {field.name}")
                values[field.name] = content
        return values


def _split(content: memoryview) -> Iterator[tuple[int, int, Any]]:
    """The fields of a message: number, wire type, and value, a signed number or bytes."""
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, place = _varint(content, place)
            yield number, wire, value - (value >> 63 << 64)
            continue
        length = 4
        if wire == _LENGTH:
            length, place = _varint(content, place)
        elif wire != _FOUR_BYTES:
            raise NotPlainError("damage")
        _require(place + length <= len(content), "damage or a cut end")
        yield number, wire, content[place : place + length]
        place += length


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    """A number of at most 64 bits, seven in every byte and in no more bytes than it needs, and the place behind it."""
    value = 0
    for n, byte in enumerate(content[place : place + 10]):
        value |= (byte & 0x7F) << 7 * n
        if byte < 0x80:
            _require(value < 1 << 64 and (byte > 0 or n == 0), "a number of another form")
            return value, place + n + 1
    raise NotPlainError("damage or a cut end")
