import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ser.cli.main import app
from tests.conftest import TOP

runner = CliRunner()

TEXT = (TOP / "params.yaml").read_text(encoding="utf-8")
PRESET = """\
about:
  summary: three convolutions over MFCC with a summary that takes more room than a cell of the table has
  published:
    claim: accuracy 0.83 and macro F1 0.83 on 246 test clips
    protocol: random_80_20
    score: accuracy
    low: 0.83
    high: 0.83
params:
  features:
    duration: 3.0
    front_ends: {log_mel: {n_fft: 1024, hop_length: 512, n_mels: 40, f_min: 50.0, f_max: 8000.0, top_db: 80.0}}
  train:
    learning_rate: 5e-4
    patience: 7
"""
APPLIED = (
    TEXT.replace("learning_rate: 1e-3", "learning_rate: 5e-4")
    .replace("patience: 15", "patience: 7")
    .replace("n_mels: 64 ", "n_mels: 40 ")
)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: params.yaml and the presets ``plain`` and ``three-conv``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets/plain.yaml").write_text("about: {summary: nothing set}\nparams: {}\n")
    (tmp_path / "presets/three-conv.yaml").write_text(PRESET)
    return tmp_path


def params() -> str:
    return Path("params.yaml").read_bytes().decode("utf-8")


def test_the_list_shows_what_each_is_and_claims() -> None:
    result = runner.invoke(app, ["preset", "list"])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "name        summary                                  claim",
        "plain       nothing set                              no figure published",
        "three-conv  three convolutions over MFCC with a      accuracy 0.83 and macro F1 0.83 on 246",
        "            summary that takes more room than a      test clips (random_80_20)",
        "            cell of the table has",
    ]


def test_the_list_of_the_project_fits_100_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TOP)
    result = runner.invoke(app, ["preset", "list"])
    assert result.exit_code == 0, result.output
    assert "logmel-gap" in result.stdout
    (ours,) = (line for line in result.stdout.splitlines() if line.startswith("ser "))
    assert ours.endswith("ours; figures in docs/results.md")
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_show_sets_values_beside_those_that_differ() -> None:
    result = runner.invoke(app, ["preset", "show", "three-conv"])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1:] == [
        "claim: accuracy 0.83 and macro F1 0.83 on 246 test clips (random_80_20)",
        "",
        "key                                     preset  params.yaml",
        "features.duration                       3.0",
        "features.front_ends.log_mel.n_fft       1024",
        "features.front_ends.log_mel.hop_length  512",
        "features.front_ends.log_mel.n_mels      40      64",
        "features.front_ends.log_mel.f_min       50.0",
        "features.front_ends.log_mel.f_max       8000.0",
        "features.front_ends.log_mel.top_db      80.0",
        "train.learning_rate                     5e-4    1e-3",
        "train.patience                          7       15",
    ]
    assert params() == TEXT


def test_apply_says_what_changed_and_changes_nothing_else() -> None:
    result = runner.invoke(app, ["preset", "apply", "three-conv"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "features.front_ends.log_mel.n_mels: 64 -> 40",
        "train.learning_rate: 1e-3 -> 5e-4",
        "train.patience: 15 -> 7",
    ]
    assert params() == APPLIED


@pytest.mark.parametrize("options", [[], ["--diff"]])
def test_applying_again_changes_nothing_and_says_so(options: list[str]) -> None:
    runner.invoke(app, ["preset", "apply", "three-conv"])
    before = Path("params.yaml").stat()
    result = runner.invoke(app, ["preset", "apply", "three-conv", *options])
    assert result.exit_code == 0, result.output
    assert result.stdout == "params.yaml: nothing changes, every value is already as three-conv sets it\n"
    assert (params(), Path("params.yaml").stat()) == (APPLIED, before)


def test_diff_writes_nothing_and_is_a_patch(project: Path) -> None:
    result = runner.invoke(app, ["preset", "apply", "three-conv", "--diff"])
    assert result.exit_code == 0, result.output
    changed = [line for line in result.stdout.splitlines() if line.startswith(("+", "-"))]
    assert changed == [
        "--- params.yaml",
        "+++ params.yaml",
        "-      n_mels: 64 # mel bands",
        "+      n_mels: 40 # mel bands",
        "-  learning_rate: 1e-3 # AdamW",
        "+  learning_rate: 5e-4 # AdamW",
        "-  patience: 15 # epochs without a better validation macro F1 before training stops, with keep best",
        "+  patience: 7 # epochs without a better validation macro F1 before training stops, with keep best",
    ]
    assert params() == TEXT
    subprocess.run(["git", "apply", "-p0"], input=result.stdout, text=True, check=True, cwd=project)
    assert params() == APPLIED


def test_line_ends_of_windows_stay() -> None:
    Path("params.yaml").write_bytes(TEXT.replace("\n", "\r\n").encode())
    assert runner.invoke(app, ["preset", "apply", "three-conv"]).exit_code == 0
    assert params() == APPLIED.replace("\n", "\r\n")


@pytest.mark.parametrize("command", ["show", "apply"])
@pytest.mark.parametrize("name", ["two-conv", "../presets/three-conv", "three-conv.yaml"])
def test_an_unknown_name_lists_the_known(command: str, name: str) -> None:
    result = runner.invoke(app, ["preset", command, name])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"error: preset '{name}' is not known, expected one of plain, three-conv\n"


@pytest.mark.parametrize("command", ["show", "apply"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file; run this from the project's top folder\n"),
        ("é".encode("latin-1"), "not UTF-8: "),
        (b"demo: [", "not YAML: "),
        (TEXT.replace("epochs: 60", "epochs: no").encode(), "train.max_epochs: expected an integer, got 'no'\n"),
    ],
)
def test_params_that_cannot_be_read_are_one_line(command: str, content: bytes | None, message: str) -> None:
    Path("params.yaml").unlink()
    if content is not None:
        Path("params.yaml").write_bytes(content)
    result = runner.invoke(app, ["preset", command, "three-conv"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: params.yaml: {message}")
    assert result.stderr.count("\n") == 1
    assert content is None or Path("params.yaml").read_bytes() == content


def test_a_preset_that_does_not_fit_leaves_params_alone() -> None:
    Path("presets/three-conv.yaml").write_text(PRESET.replace("patience", "patients"))
    result = runner.invoke(app, ["preset", "apply", "three-conv"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: presets/three-conv.yaml: train.patients: unknown key\n"
    assert params() == TEXT


@pytest.mark.parametrize("command", ["list", "show", "apply"])
def test_help_teaches_with_an_example(command: str) -> None:
    assert f"Example: ser preset {command}" in runner.invoke(app, ["preset", command, "--help"]).stdout
