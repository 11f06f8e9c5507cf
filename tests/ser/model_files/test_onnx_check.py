from collections.abc import Callable
from typing import Any

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import AttributeProto, TensorProto, helper

from ser.model_files.onnx_check import IR_VERSION, MAX_FIELDS, OPERATORS, OPSET, End, NotPlainError, read_network

INPUT = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2])
OUTPUT = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2])


def weights() -> onnx.TensorProto:
    return helper.make_tensor("w", TensorProto.FLOAT, [2], b"\0\0\x80?" * 2, raw=True)


def network(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    nodes = nodes or (helper.make_node("Mul", ["x", "w"], ["y"]),)
    graph = helper.make_graph(nodes, "g", [INPUT], [OUTPUT], [weights()])
    model = helper.make_model(graph, ir_version=IR_VERSION, opset_imports=[onnx.OperatorSetIdProto(version=OPSET)])
    helper.set_model_props(model, {"ser": '{"ä": 1}', "other": ""})
    return model


PLAIN = network().SerializeToString()


def test_a_plain_network_gives_its_metadata_and_its_ends() -> None:
    found = read_network(PLAIN)
    assert found.metadata == {"ser": '{"ä": 1}', "other": ""}
    assert (found.inputs, found.outputs) == ((End("x", ("batch", 2)),), (End("y", ("batch", 2)),))


def test_every_operator_is_one_of_onnx_and_holds_no_graph() -> None:
    """None of them can be a loop or a branch: those hold graphs, in attributes that are refused, too."""
    for name in OPERATORS:
        attributes = onnx.defs.get_schema(name, OPSET).attributes.values()
        assert not {one.type for one in attributes} & {AttributeProto.GRAPH, AttributeProto.GRAPHS}, name


def with_data_elsewhere() -> onnx.ModelProto:
    model = network()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/passwd")
    return model


def with_data_elsewhere_in_an_attribute() -> onnx.ModelProto:
    node = helper.make_node("Constant", [], ["y"])
    tensor = with_data_elsewhere().graph.initializer[0]
    node.attribute.append(helper.make_attribute("value", tensor))
    return network(node)


def changed(change: Callable[[onnx.ModelProto], Any]) -> onnx.ModelProto:
    model = network()
    change(model)
    return model


def with_a_function(model: onnx.ModelProto) -> None:
    relu = helper.make_node("Relu", ["x"], ["y"])
    model.functions.append(helper.make_function("f", "f", ["x"], ["y"], [relu], model.opset_import))


def with_sparse_weights(model: onnx.ModelProto) -> None:
    indices = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(weights(), indices, [1_000_000_000]))


def node(operator: str, **attributes: object) -> onnx.ModelProto:
    return network(helper.make_node(operator, ["x", "w"], ["y"], **attributes))


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (with_data_elsewhere(), "field 13 of type 2 of an ONNX tensor"),
        (with_data_elsewhere_in_an_attribute(), "field 13 of type 2 of an ONNX tensor"),
        (node("Loop", body=network().graph), "field 6 of type 2 of an ONNX attribute"),
        (node("Mul", domain="com.evil"), "field 7 of type 2 of an ONNX node"),
        (node("Mul", domain="ai.onnx.ml"), "field 7 of type 2 of an ONNX node"),
        (node("Scan"), "the operator 'Scan'"),
        (node("MaxPool", kernel_shape=[1 << 40, 1]), "an attribute beyond 1,000"),
        (node("MaxPool", auto_pad="V" * 300), "text of more than 256 bytes"),
        (network(helper.make_node("Mul", ["x" * 300, "w"], ["y"])), "a name of more than 256 bytes"),
        (network(*[helper.make_node("Relu", ["x"], ["y"])] * 10_001), "more than 10,000 operators"),
        (changed(with_a_function), "field 25 of type 2 of an ONNX model"),
        (changed(with_sparse_weights), "field 15 of type 2 of an ONNX graph"),
        (
            changed(lambda model: model.opset_import.add(domain="com.evil", version=1)),
            "field 1 of type 2 of an ONNX opset",
        ),
        (changed(lambda model: model.opset_import.add(version=OPSET)), "an ONNX model with two of opset_import"),
        (changed(lambda model: model.metadata_props.add(key="ser")), "metadata of the same name twice"),
        (changed(lambda model: model.graph.input.add(name="z")), "an input that is not of float32"),
        (changed(lambda model: model.graph.output.add(name="z")), "an output that is not of float32"),
        (changed(lambda model: model.graph.output[0].type.tensor_type.shape.dim.add()), "an output without a shape"),
        (changed(lambda model: model.graph.initializer[0].dims.append(1 << 40)), "a tensor of another size"),
        (changed(lambda model: model.graph.initializer[0].dims.extend([-1, -1])), "a tensor of an impossible shape"),
        (changed(lambda model: model.graph.initializer[0].dims.extend([1] * 8)), "a tensor of an impossible shape"),
        (changed(lambda model: setattr(model.graph.initializer[0], "data_type", 8)), "a tensor of other numbers"),
        (changed(lambda model: setattr(model, "ir_version", 7)), "another version than"),
        (onnx.ModelProto(ir_version=IR_VERSION), "no network"),
    ],
)
def test_what_a_plain_network_does_without_is_refused(model: onnx.ModelProto, found: str) -> None:
    with pytest.raises(NotPlainError, match=found):
        read_network(model.SerializeToString())


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


@pytest.mark.parametrize("beyond", [1 << 29, 1 << 32, 1 << 60])
def test_a_number_of_a_field_that_the_runtime_would_cut_to_a_known_one_is_refused(beyond: int) -> None:
    """Of a key, protobuf keeps 32 bits: a tensor's field 13 was hidden so, and a loop's graph."""
    tensor = weights().SerializeToString() + field(beyond + 13, b"\n\x08location\x12\x06passwd")
    with pytest.raises(NotPlainError, match=r"field \d+ of type 2 of an ONNX tensor|a number of another form"):
        read_network(field(7, field(5, tensor)))


@pytest.mark.parametrize("number", [b"\x88\x00", b"\xff" * 9 + b"\x7f", b"\xff" * 10, b"\x88"])
def test_a_number_written_in_another_way_than_protobuf_does_is_refused(number: bytes) -> None:
    with pytest.raises(NotPlainError, match=r"a number of another form|damage"):
        read_network(b"\x08" + number)


def test_text_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(NotPlainError, match="text that is not UTF-8"):
        read_network(PLAIN.replace("ä".encode(), b"\xed\xa0"))  # a half of a surrogate


def test_a_file_of_very_many_fields_is_refused_soon() -> None:
    with pytest.raises(NotPlainError, match="more than 100,000 fields"):
        read_network(field(14, b"") * (MAX_FIELDS + 1))


@pytest.mark.parametrize("data", [b"", b"no model at all", b"\x80" * 20, b"PK\x03\x04" + bytes(40)])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(NotPlainError):
        read_network(data)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(PLAIN) - 1), st.binary(max_size=4), st.integers(0, len(PLAIN)))
def test_damage_is_refused_or_harmless(place: int, inserted: bytes, kept: int) -> None:
    damaged = (PLAIN[:place] + inserted + PLAIN[place + 1 :])[:kept]
    try:
        found = read_network(damaged)
    except NotPlainError:
        return
    assert all(isinstance(text, str) for text in found.metadata.values())
