"""dvc.yaml, params.yaml, the stages' imports and the plots agree with one another."""

import json
import re
from typing import Any

import grimp
import pandas as pd
import pytest
from dvc_render.vega_templates import TEMPLATES
from ruamel.yaml import YAML

from ser.params import Params
from tests.conftest import TOP

LOADED_BY_NAME = {"ser.features.front_end": "ser.front_ends", "ser.models.classifier": "ser.models"}
"""Modules that import those of a package by a name in the parameters, which no graph of imports shows."""

STAGES: dict[str, Any] = YAML(typ="safe", pure=True).load((TOP / "dvc.yaml").read_text())["stages"]


def import_graph() -> grimp.ImportGraph:
    """The imports of stages/ and ser/, at the top or inside a function, with those that do not show.

    Importing a.b.c runs a and a.b, too, and what is loaded by name may be any module of its package.
    """
    graph = grimp.build_graph("ser", "stages", exclude_type_checking_imports=True, cache_dir=None)
    hidden = {module: {module.rpartition(".")[0]} for module in graph.modules if "." in module}
    for module, package in LOADED_BY_NAME.items():
        hidden[module] |= graph.find_children(package)
    for module, imported in hidden.items():
        for name in imported:
            graph.add_import(importer=module, imported=name)
    return graph


GRAPH = import_graph()


def imported_rooms(stage: str) -> set[str]:
    """The folders of ser/ whose modules a stage imports, itself or through others, and the files beside them."""
    modules = {name for name in GRAPH.find_upstream_modules(f"stages.{stage}") if name.split(".")[0] == "ser"}
    rooms = {"/".join(name.split(".")[:2]) for name in modules - {"ser"}}
    return {"ser/__init__.py"} | {room if (TOP / room).is_dir() else f"{room}.py" for room in rooms}


def code_deps(stage: str) -> set[str]:
    return {dep for dep in STAGES[stage]["deps"] if dep.startswith(("ser/", "stages/"))}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_its_own_file_and_on_every_room_it_imports_from(stage: str) -> None:
    assert code_deps(stage) == {f"stages/{stage}.py"} | imported_rooms(stage)


def test_no_stage_depends_on_a_folder_into_which_it_or_a_later_one_writes() -> None:
    written: set[str] = set()
    for stage in reversed(STAGES.values()):
        outs = [out for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])]
        written |= {out if isinstance(out, str) else next(iter(out)) for out in outs}
        for dep in stage["deps"]:
            assert not any(f"{out}/".startswith(f"{dep}/") for out in written), dep


def test_an_edit_of_a_recipe_of_ones_own_scans_anew() -> None:
    assert "${ingest.recipes}" in STAGES["scan"]["deps"]


def test_the_graph_of_imports_sees_functions_and_packages() -> None:
    assert "ser.inference.predictor" in GRAPH.find_upstream_modules("ser.cli.main")  # inside a function
    assert "ser.corpora.custom" in GRAPH.find_upstream_modules("stages.scan")  # by the package's __init__.py
    assert "ser.inference.predictor" not in GRAPH.find_upstream_modules("stages.scan")  # ser/__init__.py, on demand
    assert "ser.front_ends.mfcc" in GRAPH.find_upstream_modules("stages.features")  # by its name
    assert "ser.models.logmel_vgg" in GRAPH.find_upstream_modules("stages.train")


def test_what_is_loaded_by_name_is_known() -> None:
    found = {}
    for path in (TOP / "ser").rglob("*.py"):
        for package in re.findall(r'import_module\(f"([\w.]+)\.\{', path.read_text(encoding="utf-8")):
            found[".".join(path.relative_to(TOP).with_suffix("").parts)] = package
    assert found == LOADED_BY_NAME


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_its_module_and_tracks_its_own_section(stage: str) -> None:
    assert STAGES[stage]["cmd"].startswith(f"python -m stages.{stage}")
    # A scan is of files: of the parameters, only where a custom corpus's labels are matters to it.
    expected = {"scan": ["ingest.custom", "ingest.recipes"]}.get(stage, [stage])
    assert STAGES[stage].get("params", []) == expected


def test_every_section_belongs_to_a_stage_and_every_stage_to_a_file() -> None:
    params = YAML(typ="safe", pure=True).load((TOP / "params.yaml").read_text())
    assert list(params) == [stage for stage in STAGES if stage != "scan"] == list(Params.model_fields)
    files = {path.stem for path in (TOP / "stages").glob("*.py")} - {"__init__"}
    assert files == set(STAGES)


def test_every_value_in_params_has_a_comment() -> None:
    bare = [
        line
        for line in (TOP / "params.yaml").read_text().splitlines()
        if line.strip() and not line.strip().endswith(":") and "#" not in line and "seed: 0" not in line
    ]
    assert bare == []


def outputs(kind: str) -> dict[str, dict[str, Any]]:
    """Path to settings of everything under `kind` (metrics or plots) in any stage."""
    found = {}
    for stage in STAGES.values():
        for entry in stage.get(kind, []):
            ((path, settings),) = entry.items()
            found[path] = settings
    return found


def test_metrics_and_plots_are_committed_and_data_is_not() -> None:
    for path, settings in (outputs("metrics") | outputs("plots")).items():
        assert settings["cache"] is False, path
        assert (TOP / path).exists(), f"{path} is not committed"
    for stage in STAGES.values():
        assert all(isinstance(out, str) for out in stage["outs"]), "an option on an out would disable the run cache"


def test_committed_metrics_are_finite_numbers_and_words() -> None:
    def leaves(value: Any) -> list[Any]:
        return [leaf for child in value.values() for leaf in leaves(child)] if isinstance(value, dict) else [value]

    for path in outputs("metrics"):
        for leaf in leaves(json.loads((TOP / path).read_text())):
            assert isinstance(leaf, (int, float, str)), f"{path}: {leaf!r}"


def test_metrics_have_no_key_in_common_but_the_bounds_of_scores() -> None:
    tops = [set(json.loads((TOP / path).read_text())) for path in outputs("metrics")]
    assert tops.count({"low", "high"}) == 3
    others = [key for keys in tops if keys != {"low", "high"} for key in keys]
    assert len(set(others)) == len(others)


@pytest.mark.parametrize(("path", "settings"), outputs("plots").items())
def test_a_plot_has_the_columns_and_the_template_it_names(path: str, settings: dict[str, Any]) -> None:
    if path.endswith(".png"):
        assert (TOP / path).read_bytes().startswith(b"\x89PNG")
        return
    table = pd.read_csv(TOP / path)
    assert len(table) > 0
    columns = {settings[axis] for axis in ("x", "y") if axis in settings}
    template = TOP / ".dvc" / "plots" / f"{settings['template']}.json"
    if template.exists():
        columns |= fields(json.loads(template.read_text()))
    else:
        assert settings["template"] in {known.DEFAULT_NAME for known in TEMPLATES}
    assert columns <= set(table.columns) | {"rev"}


def fields(spec: Any) -> set[str]:
    """The columns that a Vega-Lite template reads, but for DVC's placeholders."""
    if isinstance(spec, list):
        return set().union(*(fields(child) for child in spec))
    if not isinstance(spec, dict):
        return set()
    own = {spec["field"]} if isinstance(spec.get("field"), str) and not spec["field"].startswith("<") else set()
    return own | fields(list(spec.values()))
