"""dvc.yaml, params.yaml, the stages' imports and the plots agree with one another."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dvc_render.vega_templates import TEMPLATES
from ruamel.yaml import YAML

from ser.params import Params
from tests.conftest import TOP

LOADED_BY_NAME = (TOP / "ser" / "models", TOP / "ser" / "front_ends")
"""Packages whose modules are imported by a name in the parameters."""

STAGES: dict[str, Any] = YAML(typ="safe", pure=True).load((TOP / "dvc.yaml").read_text())["stages"]


def imported_modules(path: Path) -> set[Path]:
    """The files of ser/ that a file imports, itself or through another, at the top or inside a function."""
    found: set[Path] = set()
    pending = [path]
    while pending:
        for module in _imports(pending.pop()):
            for depth in range(1, len(parts := module.split(".")) + 1):  # importing a.b.c runs a and a.b
                stem = TOP.joinpath(*parts[:depth])
                file = stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")
                named = file.parent.glob("*.py") if file.parent in LOADED_BY_NAME else ()
                for loaded in {file, *named} - found:
                    if loaded.exists():
                        found.add(loaded)
                        pending.append(loaded)
    return found


def _imports(path: Path) -> list[str]:
    modules = []
    for node in _walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                modules += [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), names=names):
                modules += [module] + [f"{module}.{alias.name}" for alias in names]
            case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
                modules.append(start.rstrip("."))  # import_module(f"ser.models.{name}")
    return [module for module in modules if module.split(".")[0] == "ser"]


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below ``if TYPE_CHECKING``, which never run."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from _walk(child)


def code_deps(stage: str) -> set[str]:
    folders = {folder.relative_to(TOP).as_posix() for folder in LOADED_BY_NAME}
    return {dep for dep in STAGES[stage].get("deps", []) if dep.endswith(".py") or dep in folders}


def as_dep(path: Path) -> str:
    return (path.parent if path.parent in LOADED_BY_NAME else path).relative_to(TOP).as_posix()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_its_own_file_and_on_every_module_it_imports(stage: str) -> None:
    imported = imported_modules(TOP / "stages" / f"{stage}.py")
    expected = {f"stages/{stage}.py"} | {as_dep(path) for path in imported}
    assert code_deps(stage) == expected


def test_the_walk_over_imports_sees_functions_and_packages() -> None:
    assert TOP / "ser/inference/predictor.py" in imported_modules(TOP / "ser/cli/main.py")
    assert TOP / "ser/corpora/ravdess.py" in imported_modules(TOP / "stages/scan.py")
    assert TOP / "ser/__init__.py" in imported_modules(TOP / "stages/scan.py")
    assert TOP / "ser/inference/predictor.py" not in imported_modules(
        TOP / "stages/scan.py"
    )  # ser/__init__.py, on demand
    assert TOP / "ser/front_ends/mfcc.py" in imported_modules(TOP / "stages/features.py")
    assert TOP / "ser/models/logmel_vgg.py" in imported_modules(TOP / "stages/train.py")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_its_module_and_tracks_its_own_section(stage: str) -> None:
    assert STAGES[stage]["cmd"].startswith(f"python -m stages.{stage}")
    # A scan is of files: of the parameters, only where a custom corpus's labels are matters to it. There is one way to
    # export a model.
    expected = {"scan": ["ingest.custom"], "export": []}.get(stage, [stage])
    assert STAGES[stage].get("params", []) == expected


def test_every_section_belongs_to_a_stage_and_every_stage_to_a_file() -> None:
    params = YAML(typ="safe", pure=True).load((TOP / "params.yaml").read_text())
    assert list(params) == [stage for stage in STAGES if stage not in ("scan", "export")] == list(Params.model_fields)
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


def test_metrics_have_no_key_in_common() -> None:
    tops = [key for path in outputs("metrics") for key in json.loads((TOP / path).read_text())]
    assert len(set(tops)) == len(tops)


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
