import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from ser.onnx_bytes import MAX_PARTS, NotPlainError, read_metadata

SHAPE = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])


def network(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    weights = helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0])
    nodes = nodes or (helper.make_node("Mul", ["x", "w"], ["y"]),)
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])
    model = helper.make_model(helper.make_graph(nodes, "g", [SHAPE], [result], [weights]))
    helper.set_model_props(model, {"ser": '{"ä": 1}', "other": ""})
    return model


PLAIN = network().SerializeToString()


def test_a_plain_network_gives_its_metadata() -> None:
    assert read_metadata(PLAIN) == {"ser": '{"ä": 1}', "other": ""}


def with_data_elsewhere() -> onnx.ModelProto:
    model = network()
    tensor = model.graph.initializer[0]
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/passwd")
    return model


def with_data_elsewhere_in_an_attribute() -> onnx.ModelProto:
    node = helper.make_node("Constant", [], ["y"])
    tensor = with_data_elsewhere().graph.initializer[0]
    node.attribute.append(helper.make_attribute("value", tensor))
    return network(node)


def with_a_loop() -> onnx.ModelProto:
    return network(helper.make_node("Loop", ["x"], ["y"], body=network().graph))


def with_a_foreign_operator() -> onnx.ModelProto:
    return network(helper.make_node("Mul", ["x", "w"], ["y"], domain="com.evil"))


def with_a_function() -> onnx.ModelProto:
    model = network()
    model.functions.append(
        helper.make_function("f", "f", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], model.opset_import)
    )
    return model


def with_sparse_weights() -> onnx.ModelProto:
    model = network()
    values = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
    indices = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [1_000_000_000]))
    return model


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (with_data_elsewhere(), "data in another file"),
        (with_data_elsewhere_in_an_attribute(), "data in another file"),
        (with_a_loop(), "a graph in a graph"),
        (with_a_foreign_operator(), "operators of another domain"),
        (with_a_function(), "functions"),
        (with_sparse_weights(), "sparse tensors"),
        (onnx.ModelProto(ir_version=8), "no network"),
    ],
)
def test_what_a_plain_network_does_without_is_refused(model: onnx.ModelProto, found: str) -> None:
    with pytest.raises(NotPlainError, match=found):
        read_metadata(model.SerializeToString())


def test_a_file_of_very_many_parts_is_refused_soon() -> None:
    with pytest.raises(NotPlainError, match="more than 200,000 parts"):
        read_metadata(PLAIN + b"\x08\x01" * MAX_PARTS)


@pytest.mark.parametrize("data", [b"", b"no model at all", b"\x80" * 20, b"PK\x03\x04" + bytes(40)])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(NotPlainError):
        read_metadata(data)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(PLAIN) - 1), st.binary(max_size=4), st.integers(0, len(PLAIN)))
def test_damage_is_refused_or_harmless(place: int, inserted: bytes, kept: int) -> None:
    damaged = (PLAIN[:place] + inserted + PLAIN[place + 1 :])[:kept]
    try:
        metadata = read_metadata(damaged)
    except NotPlainError:
        return
    assert all(isinstance(text, str) for text in metadata.values())
