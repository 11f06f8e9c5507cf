from pathlib import Path

import pytest
from typer.testing import CliRunner

from stages.demo import app
from tests.conftest import TOP

PARAMS = (TOP / "params.yaml").read_text(encoding="utf-8")


@pytest.fixture
def params(tmp_path: Path) -> Path:
    """The project's own parameters with as few speakers as are allowed."""
    path = tmp_path / "params.yaml"
    path.write_text(PARAMS.replace("speakers: 16", "speakers: 4"), encoding="utf-8")
    return path


def test_the_stage_writes_the_corpus_and_says_how_large_it_is(tmp_path: Path, params: Path) -> None:
    result = CliRunner().invoke(app, ["--out", str(tmp_path / "demo"), "--params", str(params)])
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{tmp_path / 'demo'}: 128 clips, 4 speakers\n"
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == [f"Actor_0{actor}" for actor in range(1, 5)]
    assert len(list((tmp_path / "demo").rglob("*.wav"))) == 128


def test_an_odd_number_of_speakers_is_refused_before_anything_is_written(tmp_path: Path, params: Path) -> None:
    params.write_text(params.read_text(encoding="utf-8").replace("speakers: 4", "speakers: 5"), encoding="utf-8")
    result = CliRunner().invoke(app, ["--out", str(tmp_path / "demo"), "--params", str(params)])
    assert result.exit_code == 1
    assert result.stderr == f"error: {params}: demo.speakers: expected a multiple of 2, got 5\n"
    assert not (tmp_path / "demo").exists()


def test_a_missing_parameters_file_is_a_usage_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--out", str(tmp_path / "demo"), "--params", str(tmp_path / "none.yaml")])
    assert result.exit_code == 2
