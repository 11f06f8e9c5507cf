from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from ser.cli.main import app
from ser.dataset.ingestion import ingest
from ser.dataset.metadata import write_metadata
from ser.dataset.scanning import scan
from ser.dataset.splits import write_splits
from ser.errors import InputError
from ser.features.front_end import front_end
from ser.front_ends.pretrained import load_encoder
from ser.params import PARAMS_FILE, FeatureParams, IngestParams, LayerWeightedParams, Networks, load_params
from ser.training.encoder_tuning import _Tuned, tune_encoder
from tests.conftest import TOP, clip
from tests.ser.front_ends.encoders import write_encoder
from tests.ser.training.test_fit import PARAMS
from tests.settings import hears

HEAD = LayerWeightedParams(dropout=0.0)
TUNING = PARAMS.model_copy(
    update={"network": Networks(layer_weighted=HEAD), "max_epochs": 2, "schedule": "one_cycle", "batch_size": 4}
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_encoder("wav2vec2", tmp_path_factory.mktemp("encoder") / "tiny"))


@pytest.fixture
def features(small_front_end: FeatureParams) -> FeatureParams:
    return small_front_end.model_copy(update={"sampling_rate": 16_000, "duration": 0.5})


@pytest.fixture
def utterances(ravdess_folder: Callable[..., Path]) -> pd.DataFrame:
    params = load_params(IngestParams, TOP / PARAMS_FILE).model_copy(update={"corpora": ("ravdess",)})
    metadata = ingest([scan(ravdess_folder(actors=3), "ravdess", params.custom)], params).metadata
    subset = dict(zip(sorted(set(metadata["speaker"])), ("train", "validation", "test"), strict=True))
    return metadata.assign(subset=metadata["speaker"].map(subset))


def tune(utterances: pd.DataFrame, features: FeatureParams, encoder: str, folder: Path, **changes: object) -> Path:
    params = TUNING.model_copy(update=changes)
    tuned, shape = tune_encoder(utterances, features, params, encoder, folder, lambda line: None)
    assert shape == (3, 16)
    return tuned


def test_a_tuned_encoder_is_one_for_the_front_end_and_has_learnt(
    utterances: pd.DataFrame, features: FeatureParams, encoder: str, tmp_path: Path
) -> None:
    tuned = tune(utterances, features, encoder, tmp_path / "encoders")
    before, after = (load_file(Path(folder) / "model.safetensors") for folder in (encoder, tuned))
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert any(name.startswith("encoder.layers.1") for name in changed)
    assert not any(name.startswith("feature_extractor") for name in changed)
    heard = hears(features, "pretrained", encoder=str(tuned), shape=(3, 16))
    assert np.isfinite(front_end(clip(1), heard)["encoder"]).all()
    assert [path.name for path in (tmp_path / "encoders").iterdir()] == [tuned.name]


def test_an_interrupted_tuning_goes_on_and_ends_alike(
    utterances: pd.DataFrame, features: FeatureParams, encoder: str, tmp_path: Path
) -> None:
    def report(line: str) -> None:
        if line.startswith("epoch   2/"):
            raise RuntimeError("power cut")

    whole = tune(utterances, features, encoder, tmp_path / "whole")
    with pytest.raises(RuntimeError, match="power cut"):
        tune_encoder(utterances, features, TUNING, encoder, tmp_path / "cut", report)
    resumed = tune(utterances, features, encoder, tmp_path / "cut")
    assert resumed.name == whole.name
    assert (resumed / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_its_name_stands_for_what_it_was_tuned_on(
    utterances: pd.DataFrame, features: FeatureParams, encoder: str, tmp_path: Path
) -> None:
    tuned = tune(utterances, features, encoder, tmp_path, max_epochs=1)
    others = [
        tune(utterances.assign(subset=utterances["subset"].replace({"test": "train"})), features, encoder, tmp_path),
        tune(utterances, features, encoder, tmp_path, learning_rate=1e-4),
    ]
    assert len({tuned, *others}) == 3
    written = (tuned / "model.safetensors").stat().st_mtime_ns
    assert tune(utterances, features, encoder, tmp_path, max_epochs=1) == tuned
    assert (tuned / "model.safetensors").stat().st_mtime_ns == written


@pytest.mark.parametrize("norm", ["group", "layer"])
def test_what_a_recording_is_padded_with_does_not_matter(tmp_path: Path, norm: str) -> None:
    folder = write_encoder("wav2vec2", tmp_path / norm, feat_extract_norm=norm)
    torch.manual_seed(0)
    network = _Tuned(load_encoder(str(folder), 16_000)[1], 8, HEAD).eval()
    signals = torch.randn(2, 8_000)
    signals[1, 6_000:] = 0
    together, alone = network({"waveform": signals}), network({"waveform": signals[1:, :6_000]})
    tolerance = (
        1e-5 if norm == "layer" else 0.05
    )  # normalised over time, the padding counts a little: as it was trained
    torch.testing.assert_close(together[1:], alone, atol=tolerance, rtol=0)


def test_an_encoder_of_spectrograms_is_refused(
    utterances: pd.DataFrame, features: FeatureParams, tmp_path: Path
) -> None:
    whisper = str(write_encoder("whisper", tmp_path / "whisper"))
    with pytest.raises(InputError, match="only encoders of waveforms are fine-tuned"):
        tune(utterances, features, whisper, tmp_path / "encoders")


def test_the_command_says_what_to_set(
    utterances: pd.DataFrame, encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    params = (TOP / PARAMS_FILE).read_text(encoding="utf-8").replace("sampling_rate: 22050", "sampling_rate: 16000")
    Path("params.yaml").write_text(params.replace("duration: 3.0", "duration: 0.5"), encoding="utf-8")
    arguments = ["tune-encoder", encoder, "--epochs", "1"]
    missing = CliRunner().invoke(app, arguments)
    assert (missing.exit_code, missing.stderr) == (1, "error: data/metadata.csv: no such file; `dvc repro` makes it\n")
    write_metadata(utterances, Path("data/metadata.csv"))
    write_splits(utterances, Path("data/splits.csv"))
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.stderr
    (folder,) = Path("models/encoders").iterdir()
    front_ends = f"{{pretrained: {{encoder: {folder}, shape: [3, 16]}}}}"
    assert done.stdout.splitlines()[-1] == f"{folder}: set features.front_ends to {front_ends}"
