from pathlib import Path

import pytest
from typer.testing import CliRunner

from ser.cli.main import app
from ser.inference.predictor import Predictor
from ser.model_files.safetensors_file import Model, write_model
from tests.conftest import clip


def test_the_precision_of_the_weights_is_the_users_choice(
    whisper_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(whisper_model, Path("models/model.safetensors"))
    for precision in ("float32", "int8"):
        result = CliRunner().invoke(app, ["export", "--precision", precision, "--out", f"{precision}.onnx"])
        assert (result.exit_code, result.stdout) == (0, f"{precision}.onnx: whisper, 8 emotions\n"), result.output
    assert Path("int8.onnx").stat().st_size < 0.7 * Path("float32.onnx").stat().st_size
    answers = [Predictor.load(f"{precision}.onnx").predict(clip(1)).confidence for precision in ("float32", "int8")]
    assert answers[0] == pytest.approx(answers[1], abs=0.02)
