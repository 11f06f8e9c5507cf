"""README's commands and figures are true."""

import json
import re
import shlex
from typing import get_args

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from benchmarks.documents import with_block
from benchmarks.figures import README, RESULTS, RUNS, SCORES, command, table
from ser.cli import app
from ser.params import Architecture, FrontEnd
from ser.presets import PRESETS_FOLDER, list_presets
from ser.splits import PROTOCOLS
from tests.conftest import TOP

TEXT = README.read_text(encoding="utf-8")


def test_the_figures_are_those_of_the_results_file() -> None:
    results = json.loads(RESULTS.read_text())
    assert with_block(TEXT, "figures", table(results)) == TEXT
    for name, run in results.items():
        (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{name}` |")]
        for score in SCORES:
            interval = run["test"]["interval_95"][score]
            assert f"{run['test'][score]:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]" in row
        assert f"`{run['test']['protocol']}`" in row


def test_ravdess_figures_are_where_this_system_should_be() -> None:
    results = json.loads(RESULTS.read_text())
    honest, leaking = results["ravdess_speaker_independent"], results["ravdess_stratified"]
    assert honest["test"]["uar"] >= 0.45
    assert leaking["test"]["accuracy"] >= 0.60
    assert honest["test"]["leaks"]["train_test"]["shared_speakers"] == 0
    assert leaking["test"]["leaks"]["train_test"]["shared_speakers"] == 24
    for run in (honest, leaking):
        assert (run["corpus"]["utterances"], run["corpus"]["speakers"]) == (1439, 24)


@pytest.mark.parametrize("run", [run for run in RUNS if run != "tess_to_ravdess"])
def test_the_commands_behind_the_figures_are_in_readme(run: str) -> None:
    assert f"    {shlex.join(command(run))}\n" in TEXT


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


def test_every_protocol_is_explained() -> None:
    for protocol in PROTOCOLS:
        assert re.search(rf"^\| .*`{protocol}`.* \|", TEXT, flags=re.MULTILINE), protocol


def test_every_front_end_network_and_preset_is_named() -> None:
    presets = tuple(preset.name for preset in list_presets(TOP / PRESETS_FOLDER))
    for name in get_args(FrontEnd) + get_args(Architecture) + presets:
        assert f"`{name}`" in TEXT, name
