import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from typer.testing import CliRunner

from ser.cli import app
from ser.metadata import EMOTIONS
from ser.model_file import Model, ModelDescription, write_model
from ser.models.classifier import Classifier
from ser.params import FeatureParams
from tests.conftest import clip, write_clip

runner = CliRunner()


@pytest.fixture
def folder(small_front_end: FeatureParams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an untrained model in its default place."""
    torch.manual_seed(0)
    description = ModelDescription(
        format=2, architecture="logmel_gap", classes=EMOTIONS, front_end=small_front_end, trained_on=("toy",)
    )
    classifier = Classifier("logmel_gap", 8, small_front_end.n_mels, small_front_end.n_frames)
    write_model(Model(classifier.eval(), description), tmp_path / "models" / "model.safetensors")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_recording_is_answered_with_its_emotion_and_all_probabilities(folder: Path) -> None:
    write_clip(folder / "a.wav", 1)
    result = runner.invoke(app, ["predict", "a.wav"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    emotion = lines[0].removeprefix("a.wav: ")
    shares = {line.split()[0]: float(line.split()[1].rstrip("%")) for line in lines[1:]}
    assert list(shares) == list(EMOTIONS)
    assert shares[emotion] == max(shares.values())
    assert sum(shares.values()) == pytest.approx(100, abs=0.5)
    assert result.stderr == ""


def test_json_is_an_array_of_objects(folder: Path) -> None:
    write_clip(folder / "clips" / "b.wav", 1)
    write_clip(folder / "clips" / "deep" / "a.WAV", 2)
    (folder / "clips" / "notes.txt").write_text("not looked at")
    result = runner.invoke(app, ["predict", "clips", "--json"])
    assert result.exit_code == 0, result.output
    answers = json.loads(result.stdout)
    assert [answer["path"] for answer in answers] == ["clips/b.wav", "clips/deep/a.WAV"]
    assert set(answers[0]) == {"path", "emotion", "probabilities"}
    assert sum(answers[0]["probabilities"].values()) == pytest.approx(1)


def test_a_long_recording_says_how_much_was_heard(folder: Path) -> None:
    soundfile.write(folder / "a.wav", clip(1, 2.0), 16_000)
    result = runner.invoke(app, ["predict", "a.wav"])
    assert result.exit_code == 0
    assert "of which the model hears the first 0.4 s" in result.stderr


def test_in_a_batch_the_others_are_still_predicted_and_the_exit_code_tells(folder: Path) -> None:
    write_clip(folder / "good.wav", 1)
    (folder / "text.wav").write_text("I am no recording.\n" * 20)
    (folder / "empty.wav").touch()
    soundfile.write(folder / "silent.wav", np.zeros(8000), 16_000)
    result = runner.invoke(app, ["predict", "text.wav", "missing.wav", "empty.wav", "silent.wav", "good.wav", "--json"])
    assert result.exit_code == 1
    assert [answer["path"] for answer in json.loads(result.stdout)] == ["good.wav"]
    errors = result.stderr.splitlines()
    assert len(errors) == 4
    for line, name in zip(errors, ("text.wav", "missing.wav", "empty.wav", "silent.wav"), strict=True):
        assert line.startswith(f"error: {name}: ")


def test_a_missing_or_truncated_model_is_one_line(folder: Path) -> None:
    write_clip(folder / "a.wav", 1)
    result = runner.invoke(app, ["predict", "a.wav", "--model", "other.safetensors"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: other.safetensors: no such model file; `dvc repro` trains one\n"
    path = folder / "models" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    result = runner.invoke(app, ["predict", "a.wav"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: models/model.safetensors: not a readable model file")
    assert len(result.stderr.splitlines()) == 1


def test_a_folder_without_recordings_is_an_error(folder: Path) -> None:
    (folder / "clips").mkdir()
    result = runner.invoke(app, ["predict", "clips"])
    assert result.exit_code == 1
    assert "error: clips: no recording in this folder" in result.stderr


def test_usage_errors_keep_exit_code_2() -> None:
    assert runner.invoke(app, ["predict"]).exit_code == 2
    assert runner.invoke(app, ["predict", "a.wav", "--jsn"]).exit_code == 2


def test_help_is_quick_because_it_imports_no_torch() -> None:
    code = "import sys, ser.cli; print([m for m in ('torch', 'librosa', 'pandas', 'matplotlib') if m in sys.modules])"
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert time.monotonic() - started < 20  # a hang, not a benchmark


def test_the_version_is_that_of_the_package() -> None:
    result = runner.invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("ser 0.")
