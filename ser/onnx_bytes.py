"""What an ONNX file holds, told from its bytes: whether it can be given to a runtime, and its metadata.

A runtime that loads a file does what it says: it opens other files that tensors name, and runs loops. This walk over
the bytes comes before, and refuses whatever a network of plain layers has no need of.

Source:
    Numbers of fields: onnx/onnx.proto of ONNX 1.23. Encoding: https://protobuf.dev/programming-guides/encoding
"""

from collections.abc import Iterator

MAX_PARTS = 200_000
"""Fields that are looked at; a network of a hundred layers has some thousands."""

_CHILDREN = {
    "model": {7: "graph", 14: "metadata"},
    "graph": {1: "node", 5: "tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 10: "tensor"},
    "metadata": {},
    "tensor": {},
}
"""Message, and which of its fields are messages that are looked into."""

_REFUSED = {
    ("model", 20): "training steps",
    ("model", 25): "functions",
    ("graph", 15): "sparse tensors",
    ("node", 7): "operators of another domain than ONNX's own",
    ("attribute", 6): "a graph in a graph, such as a loop",
    ("attribute", 11): "a graph in a graph, such as a loop",
    ("attribute", 22): "sparse tensors",
    ("attribute", 23): "sparse tensors",
    ("tensor", 13): "data in another file",
    ("tensor", 14): "data in another file",
}
"""Message and field that no model of this project has, unless they are empty or zero."""

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


class NotPlainError(Exception):
    """The bytes are no ONNX model, or one that holds something else than a network of plain layers."""


def read_metadata(data: bytes) -> dict[str, str]:
    """Check an ONNX model, and read its metadata.

    Raises:
        NotPlainError: it has what `_REFUSED` lists, more than `MAX_PARTS`, or is damaged.
    """
    metadata: dict[str, str] = {}
    has_graph = False
    pending: list[tuple[str, memoryview]] = [("model", memoryview(data))]
    n_parts = 0
    while pending:
        message, content = pending.pop()
        entry = {1: "", 2: ""}
        for number, value in _fields(content):
            n_parts += 1
            if n_parts > MAX_PARTS:
                raise NotPlainError(f"more than {MAX_PARTS:,} parts")
            if (message, number) in _REFUSED and value not in (0, b"", b"ai.onnx"):
                raise NotPlainError(_REFUSED[message, number])
            child = _CHILDREN[message].get(number)
            if child is not None:
                if isinstance(value, int):
                    raise NotPlainError("damage")
                pending.append((child, value))
                has_graph |= child == "graph"
            elif message == "metadata" and number in entry and not isinstance(value, int):
                entry[number] = str(value, "utf-8", "replace")
        if message == "metadata":
            metadata[entry[1]] = entry[2]
    if not has_graph:
        raise NotPlainError("no network")
    return metadata


def _fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a protobuf message: number, and value as a number or as bytes."""
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        kind = key & 7
        if kind == _VARINT:
            value, place = _varint(content, place)
            yield key >> 3, value
            continue
        if kind == _LENGTH:
            length, place = _varint(content, place)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise NotPlainError("damage")
        if place + length > len(content):
            raise NotPlainError("damage or a cut end")
        yield key >> 3, content[place : place + length]
        place += length


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    """A number of at most 64 bits, seven in every byte, and the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(content):
            raise NotPlainError("damage or a cut end")
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise NotPlainError("damage")
