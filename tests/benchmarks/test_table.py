"""The splits and the cells of benchmarks/dvc.yaml."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML

from benchmarks import table
from benchmarks.table import Variant, as_kaggle_copy, base_ids, find_split, find_system, read_table_definition
from ser.errors import InputError
from ser.ingestion import ingest
from ser.params import IngestParams, load_params
from ser.presets import list_presets
from ser.scanning import scan
from ser.splits import assign_splits
from tests.conftest import TOP

STAGES: dict[str, Any] = YAML(typ="safe", pure=True).load((TOP / "benchmarks/dvc.yaml").read_text())["stages"]


def test_every_split_of_the_table_has_a_stage_and_every_preset_its_cells() -> None:
    table = read_table_definition()
    assert set(STAGES["split"]["matrix"]["split"]) == set(table.splits)
    assert tuple(STAGES["split"]["matrix"]["seed"]) == table.seeds
    for preset in list_presets(TOP / "presets"):
        cells = STAGES[preset.name]
        assert cells["matrix"]["split"] == "${honest}"
        assert cells["cmd"] == f"python -m benchmarks.cell {preset.name} ${{item.split}} ${{item.seed}}"
        (model,) = (setting.value for setting in preset.settings if setting.key == "train.model")
        assert f"ser/models/{model}.py" in cells["deps"]


def test_every_variant_has_its_cells_and_trains_otherwise_than_its_preset() -> None:
    for name, variant in read_table_definition().variants.items():
        cells = STAGES[name]
        assert cells["cmd"] == f"python -m benchmarks.cell {name} ${{item.split}} ${{item.seed}}"
        assert f"benchmarks/data/features/{variant.of}" in cells["deps"]
        (preset, params), (_, plain) = find_system(name), find_system(variant.of)
        assert preset == variant.of
        assert params != plain
        changed = {key for key, value in params.model_dump().items() if value != plain.model_dump()[key]}
        assert changed == {key.partition(".")[0] for key in variant.train}


def test_a_variant_that_sets_what_there_is_not_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = read_table_definition().model_copy(
        update={"variants": {"odd": Variant(of="mfcc-dense", train={"perturb.echo": 1})}}
    )
    monkeypatch.setattr(table, "read_table_definition", lambda: wrong)
    with pytest.raises(InputError, match=r"table.yaml: variants: odd: perturb.echo: "):
        find_system("odd")


def test_every_file_that_a_stage_depends_on_exists() -> None:
    for stage in STAGES.values():
        for dep in stage.get("deps", []):
            if not dep.startswith(("data/", "benchmarks/data/")):
                assert (TOP / dep).exists(), dep


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
