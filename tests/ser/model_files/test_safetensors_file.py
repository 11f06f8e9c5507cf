import json
import os
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ser.errors import InputError
from ser.model_files.description import MAX_BYTES
from ser.model_files.safetensors_file import Model, read_model, write_model
from ser.params import FeatureParams
from tests.conftest import untrained_model
from tests.settings import hears, network


@pytest.fixture
def model(small_front_end: FeatureParams) -> Model:
    return untrained_model(small_front_end, classes=("calm", "sad"))


def test_a_model_comes_back_whole(model: Model, tmp_path: Path) -> None:
    write_model(model, tmp_path / "m.safetensors")
    read = read_model(tmp_path / "m.safetensors")
    assert read.description == model.description
    features = {"log_mel": np.random.default_rng(0).normal(-40, 10, (3, 8, 13)).astype(np.float32)}
    np.testing.assert_array_equal(read.probabilities(features), model.probabilities(features))
    assert not read.classifier.training


def test_members_come_back_as_one_whose_probabilities_are_their_mean(
    small_front_end: FeatureParams, tmp_path: Path
) -> None:
    model = untrained_model(small_front_end, members=3)
    write_model(model, tmp_path / "m.safetensors")
    read = read_model(tmp_path / "m.safetensors")
    assert read.description.members == 3
    features = {"log_mel": np.random.default_rng(0).normal(-40, 10, (3, 8, 13)).astype(np.float32)}
    np.testing.assert_array_equal(read.probabilities(features), model.probabilities(features))
    standard = read.classifier.standardise["log_mel"](torch.from_numpy(features["log_mel"]))
    voices = [member(standard).softmax(dim=1) for member in read.classifier.network.members]
    assert not torch.allclose(voices[0], voices[1])
    np.testing.assert_allclose(read.probabilities(features), torch.stack(voices).mean(dim=0).detach(), atol=1e-6)


def test_the_same_model_gives_the_same_bytes(model: Model, tmp_path: Path) -> None:
    write_model(model, tmp_path / "a")
    write_model(model, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").stat().st_mode & 0o044  # others may read it


def test_probabilities_add_up_to_one_and_ignore_level_only_through_the_standardisation(model: Model) -> None:
    features = {"log_mel": np.random.default_rng(0).normal(-40, 10, (5, 8, 13)).astype(np.float32)}
    np.testing.assert_allclose(model.probabilities(features).sum(axis=1), 1, atol=1e-12)
    mean, deviation = np.linspace(-50, -20, 8)[:, None], np.linspace(2, 9, 8)[:, None]
    expected = model.classifier.network(torch.from_numpy((features["log_mel"] - mean) / deviation).float())
    np.testing.assert_allclose(model.probabilities(features), expected.softmax(1).detach().numpy(), atol=1e-6)


def test_the_temperature_divides_the_logits(model: Model) -> None:
    hot = Model(model.classifier, model.description.model_copy(update={"temperature": 2.0}))
    features = {"log_mel": np.random.default_rng(0).normal(-40, 10, (5, 8, 13)).astype(np.float32)}
    roots = np.sqrt(model.probabilities(features))
    np.testing.assert_allclose(hot.probabilities(features), roots / roots.sum(axis=1, keepdims=True), rtol=1e-6)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"m.safetensors: no such model file; `dvc repro` trains one"):
        read_model(tmp_path / "m.safetensors")


@pytest.mark.parametrize("kept", [0, 4, 100, 2000, -1])
def test_a_truncated_file_is_refused(model: Model, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "m.safetensors"
    write_model(model, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match="not a readable model file"):
        read_model(path)


def test_a_pickle_is_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    torch.save({"weights": torch.zeros(3)}, path)
    with pytest.raises(InputError, match="not a readable model file"):
        read_model(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a readable model file"):
        read_model(tmp_path)


def test_safetensors_of_something_else_are_refused(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(InputError, match="not a model of this project"):
        read_model(path)
    save_file({"a": torch.zeros(2)}, path, metadata={"ser": "{"})
    with pytest.raises(InputError, match="description is not JSON"):
        read_model(path)
    save_file({"a": torch.zeros(2)}, path, metadata={"ser": model.description.model_dump_json()})
    with pytest.raises(InputError, match="weights do not fit the architecture"):
        read_model(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "format",
            4,
            "a model file of format 4, expected 5: train it anew with `dvc repro`, or read it",
        ),
        ("format", "5", "description: format: expected 5, got '5'"),
        ("network", {"os.system": {}}, "description: network.os.system: unknown key"),
        ("network", {}, "description: network: expected one of logmel_gap, .*, got none"),
        ("classes", ["calm"], "description: classes: "),
        ("classes", ["calm", "calm"], "description: classes: expected names that differ from one another"),
        ("classes", ["calm", "sa\x1bd"], r"description: classes.1: expected text that can be printed, got 'sa\\x1bd'"),
        ("trained_on", ["x" * 530_000], "expected a description of at most 524,288 characters, found more"),
        ("classes", ["calm", "sad", "angry"], r"weights do not fit the architecture: network.*: expected F32 of"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    model: Model, tmp_path: Path, key: str, value: object, message: str
) -> None:
    path = tmp_path / "m.safetensors"
    description = json.dumps(json.loads(model.description.model_dump_json()) | {key: value})
    save_file(model.classifier.state_dict(), path, metadata={"ser": description})
    with pytest.raises(InputError, match=message):
        read_model(path)


def test_weights_that_are_no_numbers_are_refused(model: Model, tmp_path: Path) -> None:
    with torch.no_grad():
        next(model.classifier.network.parameters()).fill_(float("nan"))
    write_model(model, tmp_path / "m.safetensors")
    with pytest.raises(InputError, match="weights are not finite"):
        read_model(tmp_path / "m.safetensors")


def test_a_description_of_a_huge_network_costs_nothing(model: Model, tmp_path: Path) -> None:
    minute = model.description.front_end.model_copy(update={"duration": 60.0})
    front_end = hears(minute, n_mels=512, hop_length=240)
    huge = {"network": network("logmel_vgg"), "front_end": front_end, "members": 20}
    description = model.description.model_copy(update=huge)
    write_model(Model(model.classifier, description), tmp_path / "m.safetensors")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=r"m.safetensors: the weights do not fit"):  # 40 GB of them would
        read_model(tmp_path / "m.safetensors")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < peak + 100_000  # KiB


@pytest.mark.parametrize("n_bytes", [1 << 20, (1 << 62) - 1])
def test_a_header_beyond_measure_is_not_read(tmp_path: Path, n_bytes: int) -> None:
    (tmp_path / "m.safetensors").write_bytes((n_bytes + 1).to_bytes(8, "little") + b"{")
    with pytest.raises(InputError, match=r"expected a header of at most 1,048,576 bytes, found [\d,]+$"):
        read_model(tmp_path / "m.safetensors")


def test_a_file_beyond_measure_is_not_read(model: Model, tmp_path: Path) -> None:
    write_model(model, tmp_path / "m.safetensors")
    os.truncate(tmp_path / "m.safetensors", MAX_BYTES + 1)
    with pytest.raises(InputError, match=r"expected a model file of at most 268,435,456 bytes, found 268,435,457"):
        read_model(tmp_path / "m.safetensors")


def test_what_is_no_probability_is_not_believed(model: Model) -> None:
    with torch.no_grad():
        for weights in model.classifier.parameters():
            weights.fill_(3e38)
    with pytest.raises(InputError, match="the model's network gives no finite numbers"), np.errstate(invalid="ignore"):
        model.probabilities({"log_mel": np.full((1, 8, 13), 1e3, dtype=np.float32)})


def test_weights_of_another_kind_are_refused(model: Model, tmp_path: Path) -> None:
    model.classifier.double()
    write_model(model, tmp_path / "m.safetensors")
    with pytest.raises(InputError, match=r"do not fit the architecture: .*: expected F32 .*, found F64"):
        read_model(tmp_path / "m.safetensors")
