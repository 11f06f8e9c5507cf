"""The pages in docs/ are true."""

import json
import re
import runpy
import shlex
import shutil
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides
from ruamel.yaml import YAML
from typer.main import get_command

from benchmarks.documents import with_block
from benchmarks.measurements import (
    dvc_commands,
    fuzz_decoder,
    near_duplicates,
    predict_speed,
    service_attack,
    service_load,
    timeline_speed,
    training_speed,
    voice_activity,
)
from benchmarks.measurements.audits import CORPORA, PAGE, RESULTS, block
from ser.app.counters import Metrics
from ser.app.error_answers import MEANINGS
from ser.app.settings import MEGABYTE, Settings
from ser.audio.suffixes import FFMPEG_SUFFIXES, SUFFIXES
from ser.cli.corpora import app
from ser.cli.main import app as ser_app
from ser.params import PARAMS_FILE, FeatureParams, load_params
from ser.presets import PRESETS_FOLDER, list_presets
from ser.storage import read_json
from tests.conftest import TOP


@pytest.mark.parametrize("name", CORPORA)
def test_the_audits_on_the_page_are_those_of_the_results(name: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert with_block(text, name, block(read_json(RESULTS)[name])) == text


def test_what_the_audit_found_is_what_the_page_says() -> None:
    results = {name: result["audit"] for name, result in read_json(RESULTS).items()}
    assert results["ravdess"]["warnings"]["duplicate"] == 1
    assert results["kaggle"]["files"] == 2 * results["ravdess"]["files"] == 2880
    assert results["kaggle"]["warnings"]["duplicate"] == 1441
    assert results["tess"]["corpora"]["all"]["clips"] == 700
    for result in results.values():
        assert result["unusable"] == 0
        assert result["warnings"]["near_identical"] == 0


def test_the_search_for_copies_is_as_quick_and_as_sure_as_the_page_says() -> None:
    results = read_json(near_duplicates.RESULTS)
    text = near_duplicates.PAGE.read_text(encoding="utf-8")
    assert with_block(text, "copies", near_duplicates.block(results)) == text
    largest = results["sizes"][-1]
    assert largest["recordings"] == 50_000
    # Else all pairs would be the simpler way.
    assert largest["all_pairs"]["seconds"] > 1.5 * largest["search"]["seconds"]
    assert all(row["recall_of_pairs"] >= 0.999 for row in results["sizes"])


def test_the_speed_on_the_page_is_that_of_the_results_and_what_is_promised() -> None:
    results = read_json(predict_speed.RESULTS)
    text = predict_speed.PAGE.read_text(encoding="utf-8")
    assert with_block(text, "speed", predict_speed.block(results)) == text
    ours, plain = results["cold"]["ser predict"], results["cold"]["plain script"]
    assert plain["seconds_min"] >= 5 * ours["seconds_min"]
    assert plain["seconds_median"] >= 5 * ours["seconds_median"]
    assert ours["peak_mb"] < 250
    assert results["largest_difference"] <= 1e-4
    assert results["clips"] >= 200


def test_the_speed_of_training_on_the_page_is_that_of_the_results() -> None:
    results = read_json(training_speed.RESULTS)
    text = training_speed.PAGE.read_text(encoding="utf-8")
    assert with_block(text, "speed", training_speed.block(results)) == text
    presets = {preset.name for preset in list_presets(TOP / PRESETS_FOLDER)}
    assert set(results) == presets


def test_no_damaged_recording_was_answered_otherwise_than_the_page_says() -> None:
    results = read_json(fuzz_decoder.RESULTS)
    text = fuzz_decoder.PAGE.read_text(encoding="utf-8")
    assert with_block(text, "fuzz", fuzz_decoder.block(results)) == text
    counts = list(results["statuses"].values())
    assert sum(sum(counter.values()) for counter in counts) == results["files"] >= 5000
    assert {status for counter in counts for status in counter} == {"200", "422"}
    assert (results["decoders_lost"], results["tracebacks"]) == ({}, 0)


def test_the_load_on_the_page_is_that_of_the_results_and_what_is_promised() -> None:
    results = read_json(service_load.RESULTS)
    text = service_load.PAGE.read_text(encoding="utf-8")
    assert with_block(text, "load", service_load.block(results)) == text
    assert set(results["load"]) == {"1", "8", "32"}
    for one in results["load"].values():
        assert set(one["statuses"]) <= {"200", "429"}
        assert sum(one["statuses"].values()) == results["requests"]
    memory = {int(n): one["service"] + one["decoders"] for n, one in results["memory_mb"].items()}
    assert max(memory) >= 10_000
    assert memory[max(memory)] <= 1.05 * memory[3000]


def test_the_attack_on_the_page_is_that_of_the_results_and_what_is_promised() -> None:
    results = read_json(service_attack.RESULTS)
    text = service_attack.PAGE.read_text(encoding="utf-8")
    assert with_block(text, "attack", service_attack.block(results)) == text
    assert set(results["attacks"]) == set(service_attack.ATTACKS)
    for one in results["attacks"].values():
        assert one["failed"] == 0
        assert one["slowest_ms"] < 1000
        assert one["peak_mb"] < 600
        assert one["recovery_s"] < 10
    assert results["log"]["tracebacks"] == 0
    assert results["log"]["kb"] < 1000


def test_limits_on_the_page_are_those_of_the_service() -> None:
    text = service_load.PAGE.read_text(encoding="utf-8")
    limits = Settings()
    for option, value in {
        "max-mb": limits.max_bytes / MEGABYTE,
        "max-seconds": limits.max_seconds,
        "concurrency": limits.concurrency,
        "timeout": limits.timeout,
    }.items():
        assert f"\n| `--{option}` | {value:g} |" in text
    named = set(re.findall(r"`(ser_\w+)`", text))
    counted = [one for one in Metrics().registry.collect() if one.name.startswith("ser_")]
    assert named == {one.name + ("_total" if one.type == "counter" else "") for one in counted}
    assert set(re.findall(r"\n\| (4\d\d|503) \|", text)) == set(map(str, MEANINGS))


def test_the_timeline_s_speed_on_the_page_is_that_of_the_results_and_what_is_promised() -> None:
    results = read_json(timeline_speed.RESULTS)
    text = timeline_speed.PAGE.read_text(encoding="utf-8")
    assert with_block(text, "speed", timeline_speed.block(results)) == text
    short, hour, two_hours = (results["minutes"][minutes] for minutes in ("5", "60", "120"))
    assert hour["seconds_median"] < 60
    assert hour["windows"] > 10 * short["windows"]
    assert hour["peak_mb"] < 1.5 * short["peak_mb"]
    assert two_hours["peak_mb"] < 1.1 * hour["peak_mb"]


def test_the_voice_gate_s_figures_on_the_page_are_those_of_the_results() -> None:
    results = read_json(voice_activity.RESULTS)
    text = voice_activity.PAGE.read_text(encoding="utf-8")
    assert with_block(text, "voice", voice_activity.block(results)) == text
    assert all(one["false_alarms"] < 0.05 for one in results["noise"].values())


def test_options_of_commands_that_a_page_names_exist() -> None:
    pages = ("docs/predict.md", "docs/service.md", "docs/timeline.md", "docs/page.md", "README.md")
    text = "".join((TOP / page).read_text(encoding="utf-8") for page in pages)
    for name in ("predict", "explain", "export", "serve", "timeline", "listen"):
        command = get_command(ser_app).commands[name]  # type: ignore[attr-defined]
        known = {option for parameter in command.params for option in parameter.opts}
        named = {option for line in re.findall(rf"ser {name} .*", text) for option in re.findall(r"(--[a-z-]+)", line)}
        assert named
        assert named <= known


def test_files_and_commands_that_the_pages_name_exist() -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    for page in (TOP / "docs").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (page.parent / name).exists(), f"{page.name}: {name}"
        assert set(re.findall(r"ser corpora (\w+)", text)) <= known


def test_the_command_for_a_pretrained_encoder_sets_what_there_is(tmp_path: Path) -> None:
    page = (TOP / "docs" / "pretrained.md").read_text(encoding="utf-8")
    command = shlex.split(page[page.index("dvc exp run") : page.index("ser predict")].replace("\\\n", ""))
    shutil.copy(TOP / PARAMS_FILE, tmp_path)
    apply_overrides(str(tmp_path / PARAMS_FILE), [word for flag, word in pairwise(command) if flag == "-S"])
    front_ends = load_params(FeatureParams, tmp_path / PARAMS_FILE).front_ends
    pretrained = front_ends.pretrained
    assert pretrained is not None
    assert [*front_ends.used] == ["pretrained"]
    assert pretrained.encoder in page.partition("ser predict CLIP.wav --encoder ")[2].splitlines()[0]
    rows = re.findall(r"^\| (.*) \| `(\[.*\])` \|$", page, re.MULTILINE)
    shapes = {name: shape for names, shape in rows for name in names.split(", ")}
    assert shapes[f"`{pretrained.encoder}`"] == str([*pretrained.shape])


def test_the_extensions_of_recordings_are_on_the_page() -> None:
    page = (TOP / "docs" / "predict.md").read_text(encoding="utf-8")
    for suffix in SUFFIXES + FFMPEG_SUFFIXES:
        assert f"`{suffix}`" in page


def test_the_floor_plan_that_is_drawn_is_the_one_that_the_imports_are_held_to() -> None:
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    *floors, ground = [re.findall(r"\w+", floor) for floor in contracts[0]["layers"] if floor != "(__main__)"]
    text = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawn = [
        line[:25].replace("|", " ").split() for line in text.partition(" ser\n")[2].partition("\n```")[0].splitlines()
    ]
    assert drawn[:-1] == floors
    assert re.search(r"the ground +(.*)", text).group(1).split(", ") == ground


def test_the_benchmarks_cost_the_pipeline_nothing() -> None:
    results = read_json(dvc_commands.RESULTS)
    text = dvc_commands.PAGE.read_text(encoding="utf-8")
    assert with_block(text, "commands", dvc_commands.block(results)) == text
    for took in results["seconds_median"].values():
        assert took["now"] <= took["without benchmarks"] + 0.3


def test_the_schema_for_editors_is_that_of_the_code() -> None:
    made = runpy.run_path(str(TOP / "docs/make_schema.py"))
    text = made["SCHEMA"].read_text(encoding="utf-8")
    assert text == made["schema"](), "run python docs/make_schema.py"
    values = YAML(typ="safe", pure=True).load((TOP / "params.yaml").read_text(encoding="utf-8"))
    schema = json.loads(text)
    assert set(values) == set(schema["properties"])
    for section, value in values.items():
        known = schema["$defs"][schema["properties"][section]["$ref"].rpartition("/")[2]]
        assert set(value) == set(known["properties"]) == set(known["required"])
        assert known["additionalProperties"] is False
    first = (TOP / "params.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={made['SCHEMA'].name}"


def test_make_help_names_every_target() -> None:
    printed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=TOP, capture_output=True, text=True, check=True
    ).stdout
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = [line.split()[1] for line in printed.splitlines()]
    assert set(phony.split()) - set(named) == {"lint", "clean"}  # which `make test` and nobody need know
    assert all(line.startswith("make ") for line in printed.splitlines())


def test_the_citation_is_of_this_version() -> None:
    cited = YAML(typ="safe", pure=True).load((TOP / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (cited["version"], cited["title"], cited["license"]) == (
        project["version"],
        project["name"],
        project["license"],
    )
