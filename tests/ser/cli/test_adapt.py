import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ser.cli.main import app
from ser.inference import adaptation
from tests.conftest import write_clip

runner = CliRunner()


@pytest.fixture
def folder(whisper_onnx: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an adaptable model and 20 recordings."""
    (tmp_path / "m.onnx").write_bytes(whisper_onnx)
    (tmp_path / "calls").mkdir()
    for seed in range(20):
        write_clip(tmp_path / f"calls/{seed:02}.wav", seed, 0.4)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return runner.invoke(app, [*arguments, "--model", "m.onnx"])


def probabilities(*arguments: str) -> list[dict[str, float]]:
    result = run("predict", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return [one["probabilities"] for one in json.loads(result.stdout)]


def test_an_adapted_model_answers_as_one_source_does(folder: Path) -> None:
    result = run("adapt", "calls", "--out", "mine.onnx")
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    assert result.stderr == "note: mine.onnx: adapted to 20 recordings\n"
    on_the_fly = probabilities("calls", "--one-source")
    result = runner.invoke(app, ["predict", "calls", "--json", "--model", "mine.onnx"])
    answers = json.loads(result.stdout)
    assert [one["probabilities"] for one in answers] == on_the_fly != probabilities("calls")
    assert answers[0]["model"]["adapted_to"] == 20


def test_what_cannot_be_used_is_named_and_the_rest_adapted_to(folder: Path) -> None:
    (folder / "calls/21.wav").write_bytes(b"RIFF")
    result = run("adapt", "calls", "nowhere.wav", "--out", "mine.onnx")
    assert result.exit_code == 1
    assert "calls/21.wav" in result.stderr
    assert "nowhere.wav" in result.stderr
    assert "adapted to 20 recordings" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["adapt", "calls/00.wav", "--out", "mine.onnx"], "expected at least 20 recordings of one source, got 1"),
        (["adapt", "calls", "--out", "m.onnx"], "this is the model that is adapted"),
        (["adapt", "calls", "--out", "calls/00.wav"], "no .onnx file; it was not written over"),
        (["predict", "-", "--one-source"], "--one-source goes through the recordings twice"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_and_nothing_is_written(
    folder: Path, arguments: list[str], message: str
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_recordings_of_one_emotion_are_answered_as_they_come(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = probabilities("calls")
    monkeypatch.setattr(adaptation, "ONE_EMOTION", 1e12)
    result = run("predict", "calls", "--one-source", "--json")
    assert result.exit_code == 0
    assert [one["probabilities"] for one in json.loads(result.stdout)] == plain
    assert "seem to carry one emotion" in result.stderr
    assert "the model answers as it comes" in result.stderr
    assert run("adapt", "calls", "--out", "mine.onnx").exit_code == 1
    assert not (folder / "mine.onnx").exists()
