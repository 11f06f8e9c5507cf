"""README's commands and figures are true."""

import re

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from ser.cli.main import app
from ser.dataset.splits import PROTOCOLS
from ser.params import FrontEnds, Networks
from ser.presets import PRESETS_FOLDER, list_presets
from tests.conftest import TOP

TEXT = (TOP / "README.md").read_text(encoding="utf-8")


def test_make_targets_in_readme_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (TOP / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"^    make (\w+)", TEXT, flags=re.MULTILINE))
    assert named
    assert named <= targets


def test_what_make_checks_is_checked_without_make() -> None:
    target = re.search(r"^lint:.*\n((?:\t.*\n)+)", (TOP / "Makefile").read_text(), flags=re.MULTILINE)
    assert target
    commands = re.findall(r"\$\(BIN\)/(.*)", target.group(1))
    assert "lint-imports --no-cache --no-logo" in commands
    assert f"\n    {' && '.join([*commands, 'pytest'])}\n" in TEXT


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
    for name in (*FrontEnds.kinds(), *Networks.kinds(), *presets):
        assert f"`{name}`" in TEXT, name
