"""The stages one after another, in a folder, as `python -m stages.NAME` runs them."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import Result
from dvc.utils.serialize import modify_yaml
from joblib.externals.loky import get_reusable_executor
from safetensors.torch import load_file
from typer.testing import CliRunner

from ser.cli.main import app as ser_app
from ser.model_files.onnx_file import OnnxModel
from tests.conftest import TOP, write_clip
from tests.ser.corpora.rules import means
from tests.ser.corpora.test_recipe import write
from tests.ser.front_ends.encoders import write_encoder

STAGES = ("demo", "scan", "ingest", "split", "features", "augment", "train", "evaluate", "export")

SMALL = {
    "corpora: [demo]": "corpora: [ravdess]",
    "sampling_rate: 22050": "sampling_rate: 8000",
    "duration: 3.0": "duration: 0.4",
    "n_fft: 1024": "n_fft: 512",
    "hop_length: 512": "hop_length: 256",
    "n_mels: 64": "n_mels: 16",
    "f_max: 8000.0": "f_max: 4000.0",
    "max_epochs: 60": "max_epochs: 2",
    "bootstrap_samples: 2000": "bootstrap_samples: 200",
}


def run(stage: str, *arguments: str) -> Result:
    return CliRunner().invoke(import_module(f"stages.{stage}").app, list(arguments))


def change_params(old: str, new: str) -> None:
    text = Path("params.yaml").read_text()
    assert old in text
    Path("params.yaml").write_text(text.replace(old, new, 1))


@pytest.fixture
def project(ravdess_folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with params.yaml, made small, and a toy corpus of 6 speakers in data/raw/ravdess."""
    ravdess_folder("data/raw/ravdess", actors=6, statements=2)
    shutil.copy(TOP / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    get_reusable_executor().shutdown()  # its workers would stay in another test's folder
    for old, new in SMALL.items():
        change_params(old, new)
    return tmp_path


def run_until(last: str) -> None:
    for stage in STAGES[1 : STAGES.index(last) + 1]:
        result = run(stage, *(["ravdess"] if stage == "scan" else []))
        assert result.exit_code == 0, f"{stage}: {result.output}"


def test_the_whole_chain_writes_what_it_declares(project: Path) -> None:
    run_until("export")
    scores = json.loads(Path("data/reports/test.json").read_text())["test"]
    predictions = pd.read_csv("data/predictions.csv")
    splits = pd.read_csv("data/splits.csv").set_index("utterance_id")["subset"]
    assert (splits[predictions["utterance_id"]] == "test").all()
    assert len(predictions) == (splits == "test").sum() == scores["n_utterances"]
    assert scores["accuracy"] == pytest.approx((predictions["emotion"] == predictions["predicted"]).mean(), abs=1e-6)
    assert scores["protocol"] == "speaker_independent"
    assert scores["leaks"]["train_test"]["shared_speakers"] == 0
    assert scores["leaks"]["train_test"]["same_recording"] == 0
    assert {path.name for path in Path("plots/test").iterdir()} == {
        f"{name}.{kind}"
        for name in ("confusion", "class_recall", "reliability", "rejection", "groups")
        for kind in ("csv", "png")
    }
    assert {path.name for path in Path("plots/train").iterdir()} == {"curves.csv", "curves.png"}
    assert json.loads(Path("data/reports/train.json").read_text())["train"]["epochs"] == 2
    assert not Path("models/.checkpoints").exists()
    agreement = json.loads(Path("data/reports/export.json").read_text())["export"]
    assert agreement["n_recordings"] == len(predictions)
    assert agreement["largest_difference"] <= 1e-5
    assert agreement["other_emotion"] == 0
    description = OnnxModel.read(Path("models/model.onnx")).description
    assert description.test is not None
    assert (description.test.accuracy, description.test.protocol) == (scores["accuracy"], "speaker_independent")
    assert description.trained_md5 == hashlib.md5(Path("models/model.safetensors").read_bytes()).hexdigest()  # noqa: S324
    first = Path("models/model.onnx").read_bytes()
    assert run("export").exit_code == 0
    assert Path("models/model.onnx").read_bytes() == first


def test_two_corpora_are_trained_on_together_and_scored_each(project: Path) -> None:
    change_params("corpora: [ravdess]", "corpora: [ravdess, tess]")
    names = [f"{speaker}_back_{emotion}.wav" for speaker in ("OAF", "YAF") for emotion in means("tess", "emotion")]
    for seed, name in enumerate(names, start=500):
        write_clip(Path("data/raw/tess") / name, seed)
    assert run("scan", "tess").exit_code == 0
    run_until("evaluate")
    scores = json.loads(Path("data/reports/test.json").read_text())["test"]
    assert set(scores["per_corpus"]) == {"ravdess", "tess"}
    assert pd.read_csv("data/predictions.csv")["corpus"].value_counts().to_dict() == {"ravdess": 32, "tess": 7}
    assert {"ravdess", "tess"} <= set(pd.read_csv("plots/test/groups.csv")["group"])


def test_a_whisper_is_tuned_and_its_file_needs_no_encoder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Hums differ by so little that rounding changes what is hardly trained to tell them apart.
    monkeypatch.setattr("ser.inference.agreement.ROUNDED_TOLERANCE", 0.5)
    encoder = write_encoder("whisper", project / "encoder", d_model=64, encoder_attention_heads=1, encoder_ffn_dim=256)
    with modify_yaml("params.yaml") as values:
        values["features"]["sampling_rate"] = 16000
        values["features"]["front_ends"] = {"whisper_log_mel": {"n_mels": 80}}
        values["train"]["network"] = {
            "whisper": {
                "encoder": str(encoder),
                "width": 64,
                "layers": 2,
                "tuned_layers": 1,
                "encoder_rate": 0.5,
                "dropout": 0.0,
            }
        }
        values["train"]["precision"] = "bf16-mixed"
        values["train"]["perturb"]["stretch"] = [0.9, 1.1]
        values["export"]["precision"] = "int8"
    run_until("export")
    published = load_file(encoder / "model.safetensors")
    trained = load_file("models/model.safetensors")
    same = {
        number: torch.equal(
            trained[f"network.encoder.layers.{number}.fc1.weight"], published[f"encoder.layers.{number}.fc1.weight"]
        )
        for number in (0, 1)
    }
    assert same == {0: True, 1: False}
    shutil.rmtree(encoder)  # neither file needs it
    agreement = json.loads(Path("data/reports/export.json").read_text())["export"]
    assert 0 < agreement["largest_difference"] < 0.1
    assert abs(agreement["trained_uar"] - agreement["exported_uar"]) < 0.1
    recording = str(next(Path("data/raw").rglob("*.wav")))
    for model in ("models/model.onnx", "models/model.safetensors"):
        answer = CliRunner().invoke(ser_app, ["predict", recording, "--model", model, "--json"])
        assert answer.exit_code == 0, answer.output


def test_a_pretrained_encoder_goes_all_the_way_to_a_prediction(project: Path) -> None:
    encoder = str(write_encoder("wav2vec2", project / "encoder"))
    with modify_yaml("params.yaml") as values:
        values["features"]["sampling_rate"] = 16000
        values["features"]["front_ends"] = {"pretrained": {"encoder": encoder, "shape": [3, 16]}}
        values["train"]["network"] = {"layer_weighted": {"dropout": 0.0}}
    run_until("export")
    assert np.load("data/features/encoder.npy").shape[1:] == (3, 16)
    assert json.loads(Path("data/reports/export.json").read_text())["export"]["largest_difference"] <= 1e-5
    recording = str(next(Path("data/raw").rglob("*.wav")))
    for model in ("models/model.onnx", "models/model.safetensors"):
        arguments = ["predict", recording, "--model", model]
        refused = CliRunner().invoke(ser_app, arguments)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert f"this model needs the encoder {encoder}, and none was named" in refused.stderr
        answer = CliRunner().invoke(ser_app, [*arguments, "--encoder", encoder, "--json"])
        assert answer.exit_code == 0
        assert sum(json.loads(answer.stdout)[0]["probabilities"].values()) == pytest.approx(1)


def test_features_are_mappable_and_say_whose_they_are(project: Path) -> None:
    run_until("features")
    array = np.load("data/features/log_mel.npy", mmap_mode="r")
    assert array.shape == (96, 16, 13)
    assert array.dtype == np.float32
    rows = pd.read_csv("data/features/utterances.csv")
    metadata = pd.read_csv("data/metadata.csv")
    assert rows["utterance_id"].tolist() == metadata["utterance_id"].tolist()
    assert json.loads(Path("data/features/front_end.json").read_text())["front_ends"]["log_mel"]["n_mels"] == 16


def test_only_train_utterances_are_augmented(project: Path) -> None:
    run_until("augment")
    splits = pd.read_csv("data/splits.csv").set_index("utterance_id")["subset"]
    copies = pd.read_csv("data/augmented/utterances.csv")
    assert len(copies) == 3 * (splits == "train").sum()
    assert (splits[copies["source_utterance_id"]] == "train").all()


def test_a_leaking_split_says_so_and_its_figures_carry_it(project: Path) -> None:
    change_params("protocol: speaker_independent", "protocol: stratified_80_10_10")
    run_until("split")
    result = run("split")
    assert "train and test share 6 speakers" in result.stdout
    run_until("evaluate")
    scores = json.loads(Path("data/reports/test.json").read_text())["test"]
    assert scores["protocol"] == "stratified_80_10_10"
    assert scores["leaks"]["train_test"]["shared_speakers"] == 6


def test_a_mistake_in_params_is_one_line_and_writes_nothing(project: Path) -> None:
    change_params("n_mels: 16", "n_mels: sixteen")
    result = run("scan", "ravdess")
    assert result.exit_code == 1
    assert (
        result.stderr == "error: params.yaml: features.front_ends.log_mel.n_mels: expected an integer, got 'sixteen'\n"
    )
    assert not Path("data/scans").exists()


def test_too_many_unusable_files_stop_the_ingest_but_are_listed(project: Path) -> None:
    for number in range(11):
        (project / "data/raw/ravdess" / f"{number}.wav").write_text("not audio " * 100)
    run_until("scan")
    result = run("ingest")
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "error: 11 files cannot be used, more than ingest.max_rejected = 10: 11 not audio (11 .wav); "
    )
    assert result.stderr.endswith(": mend them or move them away, or raise ingest.max_rejected\n")
    assert len(pd.read_csv("data/rejected.csv")) == 11
    assert not Path("data/metadata.csv").exists()


def test_a_recording_changed_behind_the_pipelines_back_stops_it(project: Path) -> None:
    run_until("ingest")
    path = sorted(Path("data/raw/ravdess").rglob("*.wav"))[0]
    path.write_bytes(path.read_bytes()[:-2] + b"\x01\x01")
    result = run("features")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: 1 of 96 utterances failed: ravdess_")
    assert not Path("data/features").exists()


def test_an_exported_model_that_says_something_else_is_not_written(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_until("evaluate")
    monkeypatch.setattr("ser.inference.agreement.TOLERANCE", 0.0)
    result = run("export")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: the exported model differs from the trained one by ")
    assert len(result.stderr.splitlines()) == 1
    assert not Path("models/model.onnx").exists()
    assert not Path("data/reports/export.json").exists()


def test_evaluate_refuses_a_model_that_is_none(project: Path) -> None:
    run_until("features")
    Path("models").mkdir()
    Path("models/model.safetensors").write_bytes(b"no model")
    result = run("evaluate")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: models/model.safetensors: not a readable model file")


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_explains_itself(stage: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"stages.{stage}", "--help"], capture_output=True, text=True, cwd=TOP, check=True
    )
    assert "Usage:" in done.stdout
    assert "--params" in done.stdout


def test_a_corpus_that_is_not_there_says_where_to_put_it(project: Path) -> None:
    result = run("scan", "tess")
    assert result.exit_code == 1
    assert result.stderr == "error: data/raw/tess: no such folder; put the recordings of 'tess' there\n"
    result = run("scan", "nonesuch")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: corpus 'nonesuch' is not known, expected one of demo, ")


def test_a_recipe_of_ones_own_is_scanned_and_ingested_as_the_projects(project: Path) -> None:
    write(project, name="mine")
    for seed, name in enumerate(("ann_glad.wav", "ann_blue.wav", "bob_glad.wav", "sub/bob_blue.wav")):
        write_clip(Path("data/raw/mine") / name, seed)
    change_params("recipes: ser/corpora/recipes", "recipes: .")
    change_params("corpora: [ravdess]", "corpora: [mine]")
    assert run("scan", "mine").exit_code == 0
    assert run("ingest").exit_code == 0
    metadata = pd.read_csv("data/metadata.csv", keep_default_na=False)
    assert metadata["speaker"].value_counts().to_dict() == {"mine_ann": 2, "mine_bob": 2}
    assert metadata["emotion"].value_counts().to_dict() == {"happy": 2, "sad": 2}
    Path("mine.yaml").write_text(Path("mine.yaml").read_text().replace("glad: happy", "glad: ''"))
    result = run("scan", "mine")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: mine.yaml: codes.emotion.glad: expected an emotion, found none\n",
    )


@pytest.mark.parametrize("stage", STAGES[2:])
def test_a_missing_input_is_a_usage_error(stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(TOP / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    result = run(stage)
    assert result.exit_code == 2
    assert "does not exist" in result.stderr


def test_scanning_says_what_is_odd_in_the_table_and_what_is_left_out(project: Path) -> None:
    for seed in range(3):
        write_clip(project / f"data/raw/custom/{seed}.wav", seed)
    (project / "data/raw/custom/notes.txt").write_text("nothing to hear")
    (project / "data/raw/custom/labels.csv").write_text("path;emotion;speaker;gender\n0.wav;0;1;x\n1.wav;1;01;f\n")
    change_params("csv: ''", "csv: labels.csv")
    result = run("scan", "custom")
    assert result.exit_code == 0, result.output
    assert result.stdout == (
        "data/scans/custom: 2 utterances, 2 other files (1 no recording (1 .txt), 1 not listed (1 .wav))\n"
    )
    gender, speakers = (line.removeprefix("note: data/raw/custom/labels.csv: ") for line in result.stderr.splitlines())
    assert gender.startswith("gender: 1 row with neither female nor male: 'x' (1); ")
    assert speakers == "speakers '1', '01' are taken for one, '1'"
    audit = CliRunner().invoke(ser_app, ["corpora", "audit", "data/raw/custom"])
    assert audit.stderr == result.stderr
    change_params("corpora: [ravdess]", "corpora: [custom]")
    change_params("relabel: {}", "relabel: {0: neutral, 1: sad}")
    assert run("ingest").exit_code == 0
    assert set(pd.read_csv("data/metadata.csv")["emotion"]) == {"neutral", "sad"}
