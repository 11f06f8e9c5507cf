"""The tables and the documents are what the cells say."""

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from benchmarks import scores
from benchmarks import table as table_definition
from benchmarks.cells import ADAPTED, CELLS
from benchmarks.documents import with_block
from benchmarks.markdown import LEFT_OUT, left_out, left_out_table, score_table
from benchmarks.scores import summarise
from benchmarks.summary import LEFT_OUT_PICTURE, PICTURE, TABLE, blocks
from benchmarks.table import AUDITS, Variant, read_table_definition
from ser.evaluation.predictions import Source
from ser.params import EvaluateParams, load_params
from ser.presets import list_presets
from ser.storage import write_json, write_table
from tests.conftest import TOP

PARAMS = load_params(EvaluateParams, TOP / "params.yaml")
COMMITTED = pd.read_csv(TABLE)
ADAPTED_COMMITTED = {source: pd.read_csv(TABLE.with_name(f"table-{source}.csv")) for source in get_args(Source)}


def test_the_committed_table_is_that_of_the_committed_cells() -> None:
    pd.testing.assert_frame_equal(summarise(CELLS, AUDITS, PARAMS), COMMITTED, check_dtype=False)
    for source, table in ADAPTED_COMMITTED.items():
        pd.testing.assert_frame_equal(summarise(ADAPTED / source, AUDITS, PARAMS), table, check_dtype=False)
    for picture in (PICTURE, LEFT_OUT_PICTURE):
        assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "place", blocks(COMMITTED, ADAPTED_COMMITTED, list_presets(TOP / "presets")), ids=lambda place: place[1]
)
def test_a_document_says_what_the_table_says(place: tuple[Path, str, str]) -> None:
    path, name, block = place
    text = path.read_text(encoding="utf-8")
    assert with_block(text, name, block) == text, f"{path.name}: run python -m benchmarks.summary"


def test_the_leaking_split_is_named_a_leak_beside_its_figure() -> None:
    (row,) = [line for line in score_table(COMMITTED).splitlines() if "| `mfcc-3conv` | `kaggle_leaky`" in line]
    shared = json.loads((AUDITS / "kaggle_leaky-0.json").read_text())["leaks"]["train_test"]
    assert f"24 speakers; train and test share {shared['same_recording']} recordings" in row
    assert 0.65 * 576 < shared["same_recording"] < 0.8 * 576


def write_cell(folder: Path, name: str, hits: int, speaker: str) -> None:
    """Ten utterances of two emotions by one speaker, `hits` of the first five predicted right, all of the others."""
    predicted = ["sad"] * hits + ["calm"] * (10 - hits)
    emotions = ["sad"] * 5 + ["calm"] * 5
    calm = np.array([word == "calm" for word in predicted], dtype=float)
    table = pd.DataFrame(
        {
            "utterance_id": [f"{speaker}{number}" for number in range(10)],
            "corpus": "toy",
            "speaker": speaker,
            "gender": "female",
            "emotion": emotions,
            "predicted": predicted,
            "p_calm": calm,
            "p_sad": 1 - calm,
        }
    )
    write_table(table, folder / f"{name}.csv")
    uar = (hits / 5 + 1) / 2
    scores = {"uar": uar, "accuracy": uar, "macro_f1": uar}
    write_json({"costs": {"minutes": hits, "weights": 7, "validation_macro_f1": 0.5}} | scores, folder / f"{name}.json")


def test_minutes_are_of_cells_that_one_core_trained(tmp_path: Path) -> None:
    for fold in range(5):
        write_cell(tmp_path / "toy", f"luna5-{fold}-0", hits=fold + 1, speaker="abcde"[fold])
    for fold in range(5):
        cell = tmp_path / f"toy/luna5-{fold}-0.json"
        scores = json.loads(cell.read_text())
        scores["costs"]["on_cpu"] = fold == 0
        cell.write_text(json.dumps(scores))
    table = summarise(tmp_path, AUDITS, PARAMS)
    assert table["minutes"].tolist() == [1]
    assert "| on a GPU |" in score_table(table.assign(minutes=np.nan))


def test_who_was_trained_with_every_corpus_left_out_stands_in_the_matrix(tmp_path: Path) -> None:
    splits = [split for split in read_table_definition().splits if split.startswith(LEFT_OUT)]
    for number, split in enumerate(splits):
        write_cell(tmp_path / "plain/whole", f"{split}-0", hits=number, speaker="a")
        write_cell(tmp_path / "told/whole", f"{split}-0", hits=5, speaker="a")
    write_cell(tmp_path / "plain/part", f"{splits[0]}-0", hits=1, speaker="a")
    plain, told = (summarise(tmp_path / folder, AUDITS, PARAMS) for folder in ("plain", "told"))
    found = left_out(plain, {"corpus": told, "speaker": told})
    assert found[["system", "way"]].to_numpy().tolist() == [
        ["whole", "as it comes"],
        ["whole", "told the corpus"],
        ["whole", "told the speaker"],
    ]
    first, *_ = left_out_table(plain, {"corpus": told, "speaker": told}).splitlines()[2:]
    assert first.startswith("| `whole` | as it comes | 0.500 [")
    assert f"| **{np.mean([(hits / 5 + 1) / 2 for hits in range(5)]):.3f}** |" in first


def test_folds_are_pooled_and_a_seed_counts_once_all_its_folds_are_there(tmp_path: Path) -> None:
    for fold in range(5):
        write_cell(tmp_path / "toy", f"luna5-{fold}-0", hits=fold + 1, speaker="abcde"[fold])
    write_cell(tmp_path / "toy", "luna5-0-1", hits=0, speaker="a")
    row = summarise(tmp_path, AUDITS, PARAMS).iloc[0]
    assert (row["system"], row["split"], row["cells"], row["seeds"]) == ("toy", "luna5", 5, 1)
    assert (row["test_clips"], row["test_speakers"]) == (50, 5)
    assert row["uar"] == pytest.approx((15 / 25 + 1) / 2)
    assert row["uar_mean"] == pytest.approx(np.mean([0.6, 0.7, 0.8, 0.9, 1.0]))
    assert row["uar_sd"] == pytest.approx(np.std([0.6, 0.7, 0.8, 0.9, 1.0], ddof=1), abs=1e-6)
    assert row["uar_low"] < row["uar"] < row["uar_high"]
    assert (row["minutes"], row["weights"]) == (3, 7)
    assert row["shared"] == "no leak found"


def test_what_a_variant_gains_is_measured_on_the_same_speakers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = read_table_definition()
    variants = {"varied": Variant(of="toy", params={"train.mixup": 0.3})}
    changed = definition.model_copy(update={"variants": variants, "averaged": ()})
    for module in (scores, table_definition):
        monkeypatch.setattr(module, "read_table_definition", lambda: changed)
    # One clip of five more is right for every speaker, easy or hard: 0.1 of the UAR, whoever is resampled.
    for fold in range(5):
        write_cell(tmp_path / "toy", f"luna5-{fold}-0", hits=fold, speaker="abcde"[fold])
        write_cell(tmp_path / "varied", f"luna5-{fold}-0", hits=fold + 1, speaker="abcde"[fold])
    write_cell(tmp_path / "toy", "random_80_20-0", hits=1, speaker="a")
    write_cell(tmp_path / "varied", "random_80_20-0", hits=1, speaker="b")
    table = summarise(tmp_path, AUDITS, PARAMS).set_index(["system", "split"])
    gained = table[["gained", "gained_low", "gained_high"]]
    assert gained.loc["varied", "luna5"].tolist() == pytest.approx([0.1, 0.1, 0.1])
    assert table.loc[("varied", "luna5"), "uar_low"] < table.loc[("toy", "luna5"), "uar_high"]
    assert gained.loc["toy"].isna().all(axis=None)
    assert gained.loc["varied", "random_80_20"].isna().all()  # other clips were tested


def test_two_seeds_are_one_row(tmp_path: Path) -> None:
    for seed in (0, 1):
        for fold in range(5):
            write_cell(tmp_path / "toy", f"luna5-{fold}-{seed}", hits=4 + seed, speaker="abcde"[fold])
    row = summarise(tmp_path, AUDITS, PARAMS).iloc[0]
    assert (row["cells"], row["seeds"], row["test_clips"]) == (10, 2, 50)
    assert row["uar"] == pytest.approx(0.95)


def test_the_seeds_of_a_published_fold_are_also_averaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = read_table_definition()
    changed = definition.model_copy(update={"averaged": ("toy",)})
    for module in (scores, table_definition):
        monkeypatch.setattr(module, "read_table_definition", lambda: changed)
    # The mean is right where two of the three are.
    for seed, hits in enumerate((4, 3, 5)):
        for fold in range(5):
            write_cell(tmp_path / "toy", f"luna5-{fold}-{seed}", hits=hits, speaker="abcde"[fold])
        write_cell(tmp_path / "toy", f"stratified_80_10_10-{seed}", hits=hits, speaker="a")
    table = summarise(tmp_path, AUDITS, PARAMS)
    assert table[["system", "split", "cells", "seeds"]].to_numpy().tolist() == [
        ["toy", "luna5", 15, 3],
        ["toy-x3", "luna5", 5, 1],
        ["toy", "stratified_80_10_10", 3, 3],  # other clips are tested with every seed
    ]
    single, averaged = table.iloc[0], table.iloc[1]
    assert single["uar_mean"] == pytest.approx((0.9 + 0.8 + 1.0) / 3)
    assert averaged["uar_mean"] == averaged["uar"] == pytest.approx(0.9)
    assert (single["minutes"], averaged["minutes"]) == (4, 12)
    assert averaged["weights"] == 21
