"""The splits and the cells of benchmarks/dvc.yaml."""

from collections.abc import Callable
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML

from benchmarks import table
from benchmarks.table import (
    Variant,
    as_kaggle_copy,
    base_ids,
    find_split,
    find_system,
    read_table_definition,
    system_params,
)
from ser.dataset.ingestion import ingest
from ser.dataset.scanning import scan
from ser.dataset.splits import assign_splits
from ser.errors import InputError
from ser.params import IngestParams, load_params
from ser.presets import list_presets
from tests.conftest import TOP

DVC_FILE: dict[str, Any] = YAML(typ="safe", pure=True).load((TOP / "benchmarks/dvc.yaml").read_text())
STAGES = DVC_FILE["stages"]
CHOSEN = {"features.front_ends", "train.network"}


SPLITS = {"release": "${left_out}", "whisper-base-linear": "${luna5}"}
"""Of the first cells of presets that have others than most."""


def test_every_split_of_the_table_has_a_stage_and_every_preset_its_cells() -> None:
    table = read_table_definition()
    loso = {name for name in table.splits if name.startswith("loso-")}  # long, so of one seed
    left_out = {name for name in table.splits if name.startswith("others-to-")}
    assert set(STAGES["split"]["matrix"]["split"]) == set(table.splits) - loso - left_out
    (others,) = (named["left_out"] for named in DVC_FILE["vars"] if "left_out" in named)
    assert set(others) == left_out
    (names,) = (named["loso"] for named in DVC_FILE["vars"] if "loso" in named)
    assert set(names) == loso
    assert STAGES["split-loso"]["matrix"]["split"] == STAGES["ser-loso"]["matrix"]["split"] == "${loso}"
    assert tuple(STAGES["split"]["matrix"]["seed"]) == table.seeds
    for preset in list_presets(TOP / "presets"):
        cells = STAGES[preset.name]
        assert cells["matrix"]["split"] == SPLITS.get(preset.name, "${honest}")
        assert cells["cmd"] == f"cd .. && python -m benchmarks.cell {preset.name} ${{item.split}} ${{item.seed}}"
        assert f"../ser/models/{system_params(preset.name).train.network.architecture}.py" in cells["deps"]


def flat(values: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Nested values, by keys with dots; what is chosen with its settings is one."""
    nested = {f"{above}{key}": value for key, value in values.items()}
    inner = {key: value for key, value in nested.items() if isinstance(value, dict) and key not in CHOSEN}
    deeper = [flat(value, f"{key}.") for key, value in inner.items()]
    return {key: value for key, value in nested.items() if key not in inner} | reduce(or_, deeper, {})


def test_every_variant_has_its_cells_and_trains_otherwise_than_what_it_varies() -> None:
    for name, variant in read_table_definition().variants.items():
        (cells,) = (stage for stage in STAGES.values() if name in stage.get("matrix", {}).get("system", ()))
        assert cells["cmd"] == "cd .. && python -m benchmarks.cell ${item.system} ${item.split} ${item.seed}"
        params, plain = flat(system_params(name).model_dump()), flat(system_params(variant.of).model_dump())
        assert {key for key, value in params.items() if value != plain[key]} == set(variant.params)
        heard, train = find_system(name)
        assert (heard, train) == (
            name if variant.has_own_features else find_system(variant.of)[0],
            system_params(name).train,
        )
        assert f"data/features/{heard}" in cells["deps"]


def test_a_variant_that_sets_what_there_is_not_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = read_table_definition().model_copy(
        update={"variants": {"odd": Variant(of="mfcc-dense", params={"train.perturb.echo": 1})}}
    )
    monkeypatch.setattr(table, "read_table_definition", lambda: wrong)
    with pytest.raises(InputError, match=r"table.yaml: variants: odd: train.perturb.echo: "):
        find_system("odd")


def test_every_file_that_a_stage_depends_on_exists() -> None:
    for stage in STAGES.values():
        for dep in stage.get("deps", []):
            if not dep.startswith(("data/", "../data/")):
                assert (TOP / "benchmarks" / dep).exists(), dep


def test_the_benchmarks_are_a_project_of_their_own_that_depends_on_no_folder_of_code() -> None:
    assert (TOP / "benchmarks/.dvc/config").is_file()
    folders = {
        dep
        for stage in STAGES.values()
        for dep in stage.get("deps", [])
        if dep.startswith("../ser") and (TOP / "benchmarks" / dep).is_dir()
    }
    assert folders == set()  # DVC would hash their __pycache__, too


def test_an_unknown_split_is_one_line() -> None:
    with pytest.raises(InputError, match=r"split 'luna6' is not in table.yaml, expected one of luna5-0, "):
        find_split("luna6")


def test_a_random_split_is_drawn_anew_for_every_seed_and_a_published_fold_is_not(
    make_metadata: Callable[..., pd.DataFrame],
) -> None:
    random = find_split("random_80_20")
    metadata = make_metadata(speakers=6, takes=4)
    first, again, other = (assign_splits(metadata, random.params(seed))["subset"] for seed in (0, 0, 1))
    assert first.equals(again)
    assert not first.equals(other)
    assert first.value_counts().to_dict() == {"train": 137, "test": 39, "validation": 16}
    fold = find_split("luna5-3")
    assert (fold.protocol, fold.fold) == ("luna5", 3)


def test_the_kaggle_copy_is_what_ingesting_it_would_give(ravdess_folder: Callable[..., Path], tmp_path: Path) -> None:
    official = ravdess_folder("official", actors=2)
    kaggle = ravdess_folder("kaggle", actors=2)
    ravdess_folder("kaggle/audio_speech_actors_01-24", actors=2)
    params = load_params(IngestParams, TOP / "params.yaml")
    params = params.model_copy(update={"corpora": ("ravdess",), "keep_duplicates": True})
    once, twice = (ingest([scan(folder, "ravdess", params.custom)], params).metadata for folder in (official, kaggle))
    copy = as_kaggle_copy(once)
    assert copy["utterance_id"].tolist() == twice["utterance_id"].tolist()
    assert copy["audio_hash"].tolist() == twice["audio_hash"].tolist()
    assert set(base_ids(copy["utterance_id"])) == set(once["utterance_id"])
