"""README's commands and figures are true."""

import json
import re
import shlex

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from benchmarks.ravdess import PROTOCOLS, README, RESULTS, SCORES, command, with_figures
from ser.cli import app
from ser.leaks import describe_leaks
from tests.conftest import TOP

TEXT = README.read_text(encoding="utf-8")


def test_the_figures_are_those_of_the_results_file() -> None:
    results = json.loads(RESULTS.read_text())
    assert with_figures(TEXT, results) == TEXT
    for protocol, run in results["protocols"].items():
        (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{protocol}` |")]
        for score in SCORES:
            interval = run["test"]["interval_95"][score]
            assert f"{run['test'][score]:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]" in row
        assert describe_leaks({"train_test": run["test"]["leaks"]["train_test"]}) in row


def test_ravdess_figures_are_where_this_system_should_be() -> None:
    runs = json.loads(RESULTS.read_text())["protocols"]
    assert set(runs) == set(PROTOCOLS)
    assert runs["speaker_independent"]["test"]["uar"] >= 0.45
    assert runs["stratified_80_10_10"]["test"]["accuracy"] >= 0.60
    assert runs["speaker_independent"]["test"]["leaks"]["train_test"]["shared_speakers"] == 0
    assert runs["stratified_80_10_10"]["test"]["leaks"]["train_test"]["shared_speakers"] == 24
    for run in runs.values():
        assert (run["corpus"]["utterances"], run["corpus"]["speakers"]) == (1439, 24)


def test_the_commands_behind_the_figures_are_in_readme() -> None:
    assert shlex.join(command("stratified_80_10_10")) in TEXT
    assert shlex.join(command("speaker_independent")[:-2]) in TEXT  # the default protocol needs no name
    assert "protocol: speaker_independent" in (TOP / "params.yaml").read_text()


def test_make_targets_in_readme_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (TOP / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"^    make (\w+)", TEXT, flags=re.MULTILINE))
    assert named
    assert named <= targets


def test_ser_commands_in_readme_exist() -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"^    (?:\$ )?ser (\w+)", TEXT, flags=re.MULTILINE))
    assert named
    assert named <= known


def test_files_that_readme_names_exist() -> None:
    for name in re.findall(r"\]\((?!http)([^)#]+)\)", TEXT):
        assert (TOP / name).exists(), name
    for name in re.findall(r"`((?:ser|stages|benchmarks|tests)/[\w/.]+)`", TEXT):
        assert (TOP / name).exists(), name


@pytest.mark.parametrize("name", ["predict"])
def test_help_teaches_with_an_example(name: str) -> None:
    assert f"Example: ser {name}" in CliRunner().invoke(app, [name, "--help"]).stdout
