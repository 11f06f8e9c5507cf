import json
import pickle
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

from ser.errors import InputError
from ser.features.front_end import front_end, shapes
from ser.params import FeatureParams
from tests.conftest import clip
from tests.ser.front_ends.encoders import KINDS, write_encoder
from tests.ser.front_ends.reference import DEFAULT


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Writes an encoder of a kind, once."""
    folder = tmp_path_factory.mktemp("encoders")
    return lru_cache(lambda kind: write_encoder(kind, folder / kind))


def params(folder: Path, shape: tuple[int, int] = (3, 16), **changes: object) -> FeatureParams:
    values = {"sampling_rate": 16_000, "front_ends": {"pretrained": {"encoder": str(folder), "shape": shape}}}
    return FeatureParams.model_validate(DEFAULT.model_dump() | values | changes)


def heard(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    return front_end(signal, params)["encoder"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_layer_is_averaged_over_the_recording(kind: str, checkpoint: Callable[[str], Path]) -> None:
    folder = checkpoint(kind)
    signal = clip(1, seconds=1.5)
    found = heard(signal, params(folder))
    model, extractor = KINDS[kind]()
    model = type(model).from_pretrained(folder).eval()
    inputs = extractor(signal, sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():
        if kind == "whisper":  # it hears the clip alone: 50 frames a second
            inputs = extractor(signal, sampling_rate=16_000, return_tensors="pt", padding=False)
            encoder = model.encoder
            encoder.embed_positions.num_embeddings = encoder.config.max_source_positions = 75
            states = encoder(inputs["input_features"], output_hidden_states=True).hidden_states
        else:
            states = model(inputs["input_values"], output_hidden_states=True).hidden_states
    np.testing.assert_allclose(found, np.stack([state[0].mean(dim=0).numpy() for state in states]), atol=1e-5)
    assert found.dtype == np.float32
    assert shapes(params(folder)) == {"encoder": found.shape} == {"encoder": (3, 16)}


def test_a_short_recording_is_not_drowned_in_padding(checkpoint: Callable[[str], Path]) -> None:
    folder, signal = checkpoint("wav2vec2"), clip(2, seconds=0.7)
    short = heard(signal, params(folder, duration=1.0))
    np.testing.assert_array_equal(short, heard(signal, params(folder, duration=3.0)))
    assert np.isfinite(heard(signal[:50], params(folder))).all()


def test_what_is_longer_than_the_duration_is_cut(checkpoint: Callable[[str], Path]) -> None:
    folder, signal = checkpoint("hubert"), clip(2, seconds=2.0)
    cut = heard(signal, params(folder, duration=1.0))
    np.testing.assert_array_equal(cut, heard(signal[:16_000], params(folder, duration=1.0)))


def test_another_shape_is_refused_with_the_right_one(checkpoint: Callable[[str], Path]) -> None:
    with pytest.raises(InputError, match=r"front_ends\.pretrained\.shape: \[3, 16\], got \[13, 768\]"):
        heard(clip(1), params(checkpoint("wavlm"), shape=(13, 768)))


def test_another_sampling_rate_is_refused(checkpoint: Callable[[str], Path]) -> None:
    with pytest.raises(InputError, match=r"expected features\.sampling_rate: 16000, got 22050"):
        heard(clip(1), params(checkpoint("wavlm"), sampling_rate=22_050))


@pytest.mark.parametrize("content", [None, "{}", "null", "no JSON", "[" * 100_000, '{"model_type": "os.system"}'])
def test_a_folder_that_holds_no_encoder_is_one_line(tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "encoder"
    folder.mkdir()
    if content is not None:
        (folder / "config.json").write_text(content)
        (folder / "preprocessor_config.json").write_text(content)
    with pytest.raises(InputError, match=r"front_ends\.pretrained\.encoder: .*: no encoder that can be loaded"):
        heard(clip(1), params(folder))


def test_code_that_comes_with_an_encoder_is_not_run(tmp_path: Path, checkpoint: Callable[[str], Path]) -> None:
    marker, folder = tmp_path / "ran", tmp_path / "encoder"
    folder.mkdir()
    for file in checkpoint("wav2vec2").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "config.json").write_text(
        '{"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}}'
    )
    (folder / "evil.py").write_text(f"open({str(marker)!r}, 'w')")
    with pytest.raises(InputError, match="no encoder that can be loaded"):
        heard(clip(1), params(folder))
    assert not marker.exists()


def hide_pickle(folder: Path, marker: Path) -> None:
    """Put the weights into a pickle that leaves a mark when it is opened without care."""
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Mark(marker)))


def hide_pickle_in_an_index(folder: Path, marker: Path) -> None:
    hide_pickle(folder, marker)
    index = {"metadata": {}, "weight_map": {"a": "pytorch_model.bin"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def hide_pickle_in_the_config(folder: Path, marker: Path) -> None:
    hide_pickle(folder, marker)
    (folder / "pytorch_model.bin").rename(folder / "adapter_model.bin")
    (folder / "model.safetensors").touch()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"transformers_weights": "adapter_model.bin"}))


def hide_pickle_in_an_adapter(folder: Path, marker: Path) -> None:
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(Mark(marker)))
    (folder / "adapter_config.json").write_text("{}")


class Mark:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], object], tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    "hide", [hide_pickle, hide_pickle_in_an_index, hide_pickle_in_the_config, hide_pickle_in_an_adapter]
)
def test_a_pickle_is_refused_before_it_is_opened(
    hide: Callable[[Path, Path], None],
    checkpoint: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = shutil.copytree(checkpoint("wav2vec2"), tmp_path / "encoder")
    hide(folder, tmp_path / "ran")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("a pickle was opened"))
    with pytest.raises(InputError, match=r"encoder: no encoder that can be loaded: .*model\.safetensors"):
        heard(clip(1), params(folder))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden_size": "x"},
        {"hidden_size": 0},
        {"hidden_size": 32},
        {"conv_stride": [1]},
        {"hidden_act": "evil"},
        {"dtype": "evil"},
        {"model_type": ["wav2vec2"]},
        {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}},
    ],
)
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_settings_that_make_no_sense_are_one_line(
    changes: dict[str, object], checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(checkpoint("wav2vec2"), tmp_path / "encoder")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    with pytest.raises(InputError, match="no encoder that can be loaded"):
        heard(clip(1), params(folder))


@pytest.mark.parametrize("kept", [0, 7, 300, -1])
def test_weights_that_are_cut_off_are_one_line(kept: int, checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint("hubert"), tmp_path / "encoder")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(InputError, match="no encoder that can be loaded"):
        heard(clip(1), params(folder))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_in_half_precision_is_heard_through_in_float32(
    kind: str, dtype: torch.dtype, tmp_path: Path, checkpoint: Callable[[str], Path]
) -> None:
    model, extractor = KINDS[kind]()
    whole = type(model).from_pretrained(checkpoint(kind))
    for part in (whole.to(dtype), extractor):
        part.save_pretrained(tmp_path / kind)
    found = heard(clip(1), params(tmp_path / kind))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, heard(clip(1), params(checkpoint(kind))), atol=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_in_parts_is_the_same_encoder(kind: str, tmp_path: Path, checkpoint: Callable[[str], Path]) -> None:
    model, extractor = KINDS[kind]()
    type(model).from_pretrained(checkpoint(kind)).save_pretrained(tmp_path, max_shard_size="10KB")
    extractor.save_pretrained(tmp_path)
    assert not (tmp_path / "model.safetensors").exists()
    np.testing.assert_array_equal(heard(clip(1), params(tmp_path)), heard(clip(1), params(checkpoint(kind))))
