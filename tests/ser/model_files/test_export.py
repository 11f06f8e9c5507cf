import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ser.dataset.metadata import EMOTIONS
from ser.errors import InputError
from ser.features.front_end import batch_of, load_signal, shapes
from ser.features.front_end import front_end as analyse
from ser.inference.agreement import Agreement, compare
from ser.model_files.description import ExportedDescription
from ser.model_files.export import describe, read_scores, to_onnx, write_weights
from ser.model_files.onnx_file import OnnxModel
from ser.model_files.safetensors_file import Model, write_model
from ser.models.classifier import Classifier
from ser.params import FeatureParams
from tests.conftest import clip, untrained_model, write_clip
from tests.settings import ARCHITECTURES, OF_CONTOURS, hears, network

SCORES = {
    "n_utterances": 9,
    "accuracy": 0.5,
    "uar": 0.25,
    "protocol": "luna5",
    "leaks": {"train_test": {"shared_speakers": 2}},
}


FRONT_END = dict.fromkeys(OF_CONTOURS, "contours_functionals") | {"whisper": "whisper_log_mel"}


@pytest.mark.parametrize(
    ("architecture", "members"),
    [*((name, 1) for name in ARCHITECTURES if name != "layer_weighted"), ("attentive_resnet", 3), ("late_fusion", 2)],
)
def test_every_architecture_agrees_with_torch_in_batches_of_any_size(
    small_front_end: FeatureParams, architecture: str, members: int
) -> None:
    name = FRONT_END.get(architecture, "log_mel")
    front_end = hears(small_front_end.model_copy(update={"duration": 0.6}), name, n_mels=16)
    model = untrained_model(front_end, architecture, members=members)
    exported = OnnxModel(to_onnx(model, describe(model, Path(__file__), None)), Path("m.onnx"))
    for size in (1, 3):
        features = batch_of(
            [analyse(clip(seed, sampling_rate=front_end.sampling_rate), front_end) for seed in range(size)]
        )
        np.testing.assert_allclose(exported.probabilities(features), model.probabilities(features), atol=1e-6)


def test_a_network_of_layers_agrees_with_torch(small_front_end: FeatureParams) -> None:
    model = untrained_model(hears(small_front_end, "pretrained", shape=(3, 16)), "layer_weighted")
    exported = OnnxModel(to_onnx(model, describe(model, Path(__file__), None)), Path("m.onnx"))
    layers = {"encoder": np.random.default_rng(0).normal(size=(3, 3, 16)).astype(np.float32)}
    np.testing.assert_allclose(exported.probabilities(layers), model.probabilities(layers), atol=1e-6)


def test_the_same_model_gives_the_same_bytes_and_none_of_this_machine(
    small_model: Model, small_onnx: bytes, exported_description: ExportedDescription
) -> None:
    assert to_onnx(small_model, exported_description) == small_onnx
    assert str(Path(__file__).parents[3]).encode() not in small_onnx
    assert b".py" not in small_onnx


def test_weights_of_8_bits_take_a_quarter_and_say_nearly_the_same(small_front_end: FeatureParams) -> None:
    model = untrained_model(hears(small_front_end, "whisper_log_mel"), "whisper")
    description = describe(model, Path(__file__), None)
    whole, rounded = (to_onnx(model, description, precision) for precision in ("float32", "int8"))
    assert to_onnx(model, description, "int8") == rounded
    n_rounded = 2 * 12 * 64**2  # of two layers
    assert 2.5 * n_rounded < len(whole) - len(rounded) < 3 * n_rounded
    features = batch_of([analyse(clip(seed), model.description.front_end) for seed in range(3)])
    found = OnnxModel(rounded, Path("m.onnx")).probabilities(features)
    np.testing.assert_allclose(found, model.probabilities(features), atol=0.02)
    assert np.abs(found - model.probabilities(features)).max() > 1e-6


def test_the_temperature_is_in_the_graph(small_model: Model) -> None:
    hot = Model(small_model.classifier, small_model.description.model_copy(update={"temperature": 2.0}))
    exported = OnnxModel(to_onnx(hot, describe(hot, Path(__file__), None)), Path("m.onnx"))
    assert exported.description.temperature == 2.0
    features = {"log_mel": np.random.default_rng(0).normal(-35, 15, (4, 8, 13)).astype(np.float32)}
    np.testing.assert_allclose(exported.probabilities(features), hot.probabilities(features), atol=1e-6)
    assert np.abs(exported.probabilities(features) - small_model.probabilities(features)).max() > 1e-3


def test_a_description_names_the_file_that_was_trained_and_its_scores(small_model: Model, tmp_path: Path) -> None:
    write_model(small_model, tmp_path / "m.safetensors")
    (tmp_path / "test.json").write_text(json.dumps({"test": SCORES}))
    description = describe(small_model, tmp_path / "m.safetensors", read_scores(tmp_path / "test.json"))
    assert description.trained_md5 == hashlib.md5((tmp_path / "m.safetensors").read_bytes()).hexdigest()  # noqa: S324
    assert description.temperature == 1.0
    assert description.test is not None
    assert description.test.model_dump() == {key: SCORES[key] for key in ("uar", "accuracy", "protocol", "leaks")}
    assert description.classes == small_model.description.classes


def test_scores_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "test.json").write_text('{"test": {"uar": 0.5}}')
    with pytest.raises(InputError, match=r"test.json: accuracy: this key is missing"):
        read_scores(tmp_path / "test.json")


def test_weights_alone_are_loaded_without_pickles_dangers(small_model: Model, tmp_path: Path) -> None:
    write_weights(small_model, tmp_path / "a" / "model.pth")
    write_weights(small_model, tmp_path / "b" / "model.pth")
    assert (tmp_path / "a/model.pth").read_bytes() == (tmp_path / "b/model.pth").read_bytes()
    state = torch.load(tmp_path / "a/model.pth", weights_only=True)
    classifier = Classifier(8, shapes(small_model.description.front_end), network())
    classifier.load_state_dict(state)
    features = {"log_mel": np.random.default_rng(0).normal(-35, 15, (2, 8, 13)).astype(np.float32)}
    np.testing.assert_array_equal(classifier.eval().logits(features), small_model.classifier.logits(features))


def predictions_uar(predictions: pd.DataFrame) -> float:
    return float((predictions["emotion"] == predictions["predicted"]).groupby(predictions["emotion"]).mean().mean())


def test_a_comparison_finds_the_recording_that_differs(small_onnx: bytes, small_model: Model, tmp_path: Path) -> None:
    # The last is longer than what the model hears at once: its beginning was scored.
    paths = [write_clip(tmp_path / f"{number}.wav", number, 2.0 if number == 4 else 0.4) for number in range(5)]
    front_end = small_model.description.front_end
    features = batch_of([analyse(load_signal(path, front_end), front_end) for path in paths])
    table = pd.DataFrame(small_model.probabilities(features), columns=[f"p_{name}" for name in EMOTIONS])
    predicted = np.array(EMOTIONS)[table.to_numpy().argmax(axis=1)]
    emotions = ["sad", "happy", "sad", "happy", "sad"]
    predictions = table.assign(path=[str(path) for path in paths], predicted=predicted, emotion=emotions)
    exported = OnnxModel(small_onnx, Path("m.onnx"))
    agreement = compare(exported, predictions)
    agreement.check("float32")
    assert agreement.largest_difference < 1e-6
    assert (agreement.n_recordings, agreement.other_emotion) == (5, 0)
    assert agreement.trained_uar == agreement.exported_uar == pytest.approx(predictions_uar(predictions))
    predictions.loc[3, "p_sad"] += 0.01
    predictions.loc[2, "predicted"] = "none"
    agreement = compare(exported, predictions)
    assert agreement.largest_difference == pytest.approx(0.01, abs=1e-6)
    assert agreement.other_emotion == 1
    with pytest.raises(
        InputError, match=r"differs from the trained one by 0.01 in a probability, expected at most 0.0"
    ):
        agreement.check("float32")
    with pytest.raises(InputError, match=r"^1 of 5 recordings get another emotion when weights are rounded"):
        agreement.check("int8")


def test_the_figures_are_short() -> None:
    assert Agreement(1.23456e-7, 0, 4, 1 / 3, 0.25).metrics() == {
        "n_recordings": 4,
        "largest_difference": 1.2e-7,
        "other_emotion": 0,
        "trained_uar": 0.333333,
        "exported_uar": 0.25,
    }
