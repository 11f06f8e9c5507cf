import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from ser.errors import InputError
from ser.model_files import onnx_file
from ser.model_files.description import ExportedDescription
from ser.model_files.export import describe, to_onnx
from ser.model_files.onnx_check import read_network
from ser.model_files.onnx_file import OnnxModel
from ser.model_files.safetensors_file import Model
from ser.params import FeatureParams
from tests.conftest import untrained_model
from tests.settings import hears

HERE = Path("m.onnx")
ZEROS = {"log_mel": np.zeros((1, 8, 13), dtype=np.float32)}
Change = Callable[[onnx.ModelProto], Any]


def changed(data: bytes, change: Change) -> bytes:
    model = onnx.load_from_string(data)
    change(model)
    changed_data: bytes = model.SerializeToString()
    return changed_data


def redescribed(data: bytes, **values: object) -> bytes:
    def change(model: onnx.ModelProto) -> None:
        (entry,) = model.metadata_props
        entry.value = json.dumps(json.loads(entry.value) | values)

    return changed(data, change)


def test_a_model_says_all_about_itself_and_gives_torchs_probabilities(
    small_onnx: bytes, small_model: Model, exported_description: ExportedDescription, tmp_path: Path
) -> None:
    (tmp_path / "m.onnx").write_bytes(small_onnx)
    model = OnnxModel.read(tmp_path / "m.onnx")
    assert model.description == exported_description
    assert model.description.test is not None
    assert model.description.test.uar == 0.5
    features = {"log_mel": np.random.default_rng(0).normal(-35, 15, (5, 8, 13)).astype(np.float32)}
    found = model.probabilities(features)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, small_model.probabilities(features), atol=1e-6)
    assert np.ptp(found, axis=0).max() > 1e-3  # not the same for every input


def test_a_file_that_names_another_one_is_refused_and_opens_none(
    small_onnx: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other file has the very weights: were it opened, the model would work."""

    def change(model: onnx.ModelProto) -> None:
        tensor = max(model.graph.initializer, key=lambda one: len(one.raw_data))
        (tmp_path / "weights").write_bytes(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="../weights")

    data = changed(small_onnx, change)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    with pytest.raises(
        InputError, match=r"m.onnx: not a readable model file: .* found field 13 of type 2 of an ONNX tensor"
    ):
        OnnxModel(data, HERE)


def test_operators_that_onnx_has_not_are_one_line(small_onnx: bytes) -> None:
    def change(model: onnx.ModelProto) -> None:
        model.graph.node[0].op_type = "Evil"

    with pytest.raises(InputError, match=r"m.onnx: not a readable model file: .*Evil"):
        OnnxModel(changed(small_onnx, change), HERE)


def test_a_file_without_description_is_none_of_ours(small_onnx: bytes) -> None:
    with pytest.raises(InputError, match="not a model of this project: it has no description"):
        OnnxModel(changed(small_onnx, lambda model: model.ClearField("metadata_props")), HERE)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": "5"}, "m.onnx: description: format: expected 5, got '5'"),
        ({"temperature": 0.0}, "m.onnx: description: temperature: expected greater than or equal to 0.001"),
        ({"test": {"uar": 2.0}}, "m.onnx: description: test.uar: "),
        ({"classes": ["calm", "sad"]}, "m.onnx: the network does not fit its description"),
        ({"classes": ["calm"] * 8}, "m.onnx: description: classes: expected names that differ from one another"),
        ({"classes": ["a", "\x1b[2J", *"cdefgh"]}, r"description: classes.1: expected text that can be printed"),
        ({"classes": ["a", "\ud800", *"cdefgh"]}, r"description: classes.1: "),
        ({"classes": ["a", "b" * 65, *"cdefgh"]}, "description: classes.1: expected at most 64 characters"),
        ({"classes": [f"c{i}" for i in range(101)]}, "description: classes: "),
        ({"trained_on": ["a\nb"]}, r"description: trained_on.0: expected text that can be printed, got 'a\\nb'"),
        ({"members": 2**70}, "description: members: expected "),
        ({"temperature": 10**400}, "description: temperature: expected "),
        ({"trained_on": ["x" * 530_000]}, "m.onnx: expected a description of at most 524,288 characters, found more"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(small_onnx: bytes, values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        OnnxModel(redescribed(small_onnx, **values), HERE)


def test_a_description_nested_beyond_measure_is_refused(small_onnx: bytes) -> None:
    def change(model: onnx.ModelProto) -> None:
        model.metadata_props[0].value = "[" * 60_000

    with pytest.raises(InputError, match="description is not JSON"):
        OnnxModel(changed(small_onnx, change), HERE)


def test_a_number_beyond_measure_in_a_description_is_refused(small_onnx: bytes) -> None:
    def change(model: onnx.ModelProto) -> None:
        model.metadata_props[0].value = "9" * 5000

    with pytest.raises(InputError, match="description is not JSON"):
        OnnxModel(changed(small_onnx, change), HERE)


def behind(operator: str, *constants: list[int]) -> Change:
    """Put an operator behind what gives the probabilities."""

    def change(model: onnx.ModelProto) -> None:
        (last,) = [node for node in model.graph.node if node.output[0] == "probabilities"]
        last.output[0] = "before"
        names = [f"constant{number}" for number in range(len(constants))]
        model.graph.node.append(onnx.helper.make_node(operator, ["before", *names], ["probabilities"]))
        for name, constant in zip(names, constants, strict=True):
            model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(constant), name))

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (behind("LogSoftmax"), "gives numbers that are no probabilities"),
        (behind("Sqrt"), "gives numbers that are no probabilities"),
        (behind("Transpose"), r"gives an array of shape \(8, 1\), expected \(1, 8\)"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_is_no_probability_is_not_believed(small_onnx: bytes, change: Change, message: str) -> None:
    """A hostile model answered: -48.5 %."""
    model = OnnxModel(changed(small_onnx, change), HERE)
    with pytest.raises(InputError, match=f"the model's network {message}"):
        model.probabilities(ZEROS)


def test_a_network_may_not_take_the_whole_memory(small_onnx: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """In a file of some kilobytes, an operator asks for terabytes."""
    model = OnnxModel(changed(small_onnx, behind("Expand", [1 << 40, 1, 1])), HERE)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="the model's network cannot be run"):
        model.probabilities(ZEROS)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < peak + 100_000  # KiB
    assert capfd.readouterr() == ("", "")


def test_a_network_with_another_input_is_refused(small_onnx: bytes) -> None:
    def change(model: onnx.ModelProto) -> None:
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1

    with pytest.raises(InputError, match="the network does not fit its description"):
        OnnxModel(changed(small_onnx, change), HERE)


def swap_inputs(model: onnx.ModelProto) -> None:
    contours, functionals = model.graph.input
    first = onnx.ValueInfoProto()
    first.CopyFrom(contours)
    contours.CopyFrom(functionals)
    functionals.CopyFrom(first)


@pytest.mark.parametrize(
    "change",
    [
        swap_inputs,
        lambda model: model.graph.input.pop(),
        lambda model: model.graph.input.append(model.graph.input[0]),
        lambda model: setattr(model.graph.input[1], "name", "other"),
        lambda model: setattr(model.graph.input[1].type.tensor_type.shape.dim[1], "dim_value", 7),
    ],
)
def test_a_network_that_reads_other_arrays_than_its_description_is_refused(
    small_front_end: FeatureParams, change: Change
) -> None:
    model = untrained_model(hears(small_front_end, "contours_functionals"), "late_fusion")
    exported = to_onnx(model, describe(model, Path(__file__), None))
    assert [end.name for end in read_network(exported).inputs] == ["contours", "functionals"]
    with pytest.raises(InputError, match="the network does not fit its description"):
        OnnxModel(changed(exported, change), HERE)


def test_a_file_of_an_older_format_says_what_to_do(small_onnx: bytes) -> None:
    with pytest.raises(InputError, match="a model file of format 4, expected 5: train it anew with `dvc repro`, or"):
        OnnxModel(redescribed(small_onnx, format=4), HERE)


@pytest.mark.parametrize("kept", [0, 4, 100, 2000, -1])
def test_a_truncated_file_is_refused(small_onnx: bytes, kept: int) -> None:
    with pytest.raises(InputError, match="not a readable model file"):
        OnnxModel(small_onnx[:kept], HERE)


def test_a_large_file_is_refused(small_onnx: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "MAX_BYTES", len(small_onnx) - 1)
    (tmp_path / "m.onnx").write_bytes(small_onnx)
    with pytest.raises(InputError, match=r"m.onnx: expected a model file of at most [\d,]+ bytes, found more"):
        OnnxModel.read(tmp_path / "m.onnx")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"m.onnx: no such model file; `dvc repro` trains one"):
        OnnxModel.read(tmp_path / "m.onnx")
    with pytest.raises(InputError, match="not a readable model file: Is a directory"):
        OnnxModel.read(tmp_path)


def test_weights_that_are_no_numbers_are_refused(small_onnx: bytes) -> None:
    def change(model: onnx.ModelProto) -> None:
        for tensor in model.graph.initializer:
            if tensor.data_type == onnx.TensorProto.FLOAT:
                tensor.raw_data = np.full(len(tensor.raw_data) // 4, np.nan, dtype="<f4").tobytes()

    model = OnnxModel(changed(small_onnx, change), HERE)
    with pytest.raises(InputError, match="gives no finite numbers"):
        model.probabilities(ZEROS)


def test_damage_anywhere_is_one_line_or_harmless_and_prints_nothing(
    small_onnx: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nodes stand at the beginning and the description at the end, weights between them."""
    rng = np.random.default_rng(0)
    places = np.concatenate([np.arange(4000), len(small_onnx) - 1 - np.arange(800)])
    n_refused = 0
    for _ in range(150):
        damaged = bytearray(small_onnx)
        damaged[rng.choice(places)] = rng.integers(256)
        try:
            OnnxModel(bytes(damaged), HERE).probabilities(ZEROS)
        except InputError:
            n_refused += 1
    assert n_refused > 75
    assert capfd.readouterr() == ("", "")


def test_onnxruntime_tells_nobody_what_it_runs(small_onnx: bytes, tmp_path: Path) -> None:
    """Where it does, it keeps an identifier of the machine and what is to be sent in the user's folders."""
    (tmp_path / "m.onnx").write_bytes(small_onnx)
    (tmp_path / "home").mkdir()
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), str(tmp_path / "home"))
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"} | places
    code = "from ser import Predictor; Predictor.load('m.onnx')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert list((tmp_path / "home").iterdir()) == []


def test_both_kinds_of_file_answer_alike(whisper_model: Model) -> None:
    description = whisper_model.description.model_copy(update={"farthest": 0.1})
    trained = replace(whisper_model, description=description)
    exported = OnnxModel(to_onnx(trained, describe(trained, Path(__file__), None)), Path("m.onnx"))
    arrays = {"whisper_log_mel": np.random.default_rng(0).uniform(-1, 1, (3, 80, 50)).astype(np.float32)}
    expected, found = trained.answers(arrays), exported.answers(arrays)
    assert expected.distance.min() > 1
    np.testing.assert_allclose(found.distance, expected.distance, rtol=1e-4)
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-5)
    certain = whisper_model.answers(arrays)
    np.testing.assert_array_equal(certain.distance, [0, 0, 0])
    np.testing.assert_array_equal(certain.probabilities, trained.probabilities(arrays))
