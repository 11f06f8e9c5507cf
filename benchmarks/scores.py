"""From the cells to one row per system and protocol."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.cells import read_predictions
from benchmarks.table import averaged_name, read_table_definition, varied_systems
from ser.dataset.leaks import describe_leaks
from ser.dataset.metadata import order_emotions
from ser.dataset.splits import FOLDED
from ser.evaluation.bootstrap import interval_95, resample_speakers
from ser.evaluation.metrics import confusion_matrices, score_predictions, uar
from ser.params import EvaluateParams
from ser.storage import read_json

SCORES = {"uar": "UAR", "accuracy": "accuracy", "macro_f1": "macro F1"}


def summarise(cells: Path, audits: Path, params: EvaluateParams) -> pd.DataFrame:
    """One row per system and protocol.

    Folds of one protocol are pooled; a seed counts once all its folds are there. ``mean`` and ``sd`` are over the
    cells, folds times seeds; the figures without suffix are of all their predictions together, ``low`` and ``high``
    their 95 % interval over resampled speakers. ``minutes`` are of cells that one core trained.

    Args:
        cells: the folder SYSTEM/SPLIT-SEED.json, with the predictions beside each.
        audits: the folder SPLIT-SEED.json of what the splits' subsets share.
        params: how the intervals are made.

    Raises:
        InputError: a file is damaged.
    """
    rows = []
    predictions: dict[tuple[str, str], pd.DataFrame] = {}
    definition = read_table_definition()
    for folder in sorted(path for path in cells.iterdir() if path.is_dir()):
        for split, paths in _groups(folder).items():
            found = [_Cell(read_json(path), read_predictions(path.with_suffix(".csv"))) for path in paths]
            audit = read_json(audits / paths[0].name)
            seeds = len({path.stem.rpartition("-")[2] for path in paths})
            ways = {folder.name: (seeds, found)}
            if folder.name in definition.averaged and len(definition.seeds) == seeds < len(paths):
                ways[averaged_name(folder.name, seeds)] = (1, _averaged(found, seeds, params))
            for system, (of_seeds, its) in ways.items():
                predictions[system, split] = pd.concat([cell.predictions for cell in its])
                rows.append({"system": system, "split": split, "seeds": of_seeds} | _row(its, audit, params))
    varied = varied_systems()
    for row in rows:
        system, split = row["system"], row["split"]
        plain = predictions.get((varied[system][0], split)) if system in varied else None
        if plain is not None and set(plain["utterance_id"]) == set(predictions[system, split]["utterance_id"]):
            row.update(uar_gained(predictions[system, split], plain, params))
    return pd.DataFrame(rows).round(6)


def uar_gained(predictions: pd.DataFrame, others: pd.DataFrame, params: EvaluateParams) -> dict[str, float]:
    """Say how much higher the UAR of one system is than that of another, tested on the same speakers.

    The interval is of the difference, both scored on the same resampled speakers: a hard speaker is hard for both, so
    that it is narrower than those of the two scores.

    Args:
        predictions: of the one, of all folds and seeds.
        others: of the other.
        params: how the interval is made.

    Returns:
        gained, gained_low and gained_high, the 95 % interval.
    """
    classes = order_emotions(set(predictions["emotion"]))
    scores, resampled = [], []
    for table in (predictions, others):
        actual, predicted = (pd.Categorical(table[column], classes).codes for column in ("emotion", "predicted"))
        speakers = table.groupby(["corpus", "speaker"]).ngroup().to_numpy()
        matrices = confusion_matrices(actual, predicted, speakers, len(classes))
        scores.append(float(uar(matrices.sum(axis=0))))
        resampled.append(uar(resample_speakers(matrices, params)))
    interval = interval_95(resampled[0] - resampled[1])
    return {"gained": scores[0] - scores[1], "gained_low": interval["low"], "gained_high": interval["high"]}


class _Cell(NamedTuple):
    scores: dict[str, Any]
    predictions: pd.DataFrame


def _averaged(cells: Sequence[_Cell], seeds: int, params: EvaluateParams) -> list[_Cell]:
    """For every published fold, one cell of the mean probabilities of its seeds.

    Args:
        cells: all folds of the first seed, all of the next, and so on.
        seeds: how many.
        params: how the intervals are made.
    """
    n_folds = len(cells) // seeds
    together = []
    for same_fold in (cells[fold::n_folds] for fold in range(n_folds)):
        tables = [cell.predictions.set_index("utterance_id") for cell in same_fold]
        likely = [name for name in tables[0] if name.startswith("p_")]
        mean = tables[0].copy()
        mean[likely] = sum(table.loc[mean.index, likely] for table in tables) / seeds
        mean["predicted"] = mean[likely].idxmax(axis=1).str.removeprefix("p_")
        predictions = mean.reset_index()
        scores = score_predictions(predictions, order_emotions(set(predictions["emotion"])), params)
        costs = pd.DataFrame([cell.scores["costs"] for cell in same_fold])
        total = dict(costs[["minutes", "weights"]].sum()) | dict(costs[["validation_macro_f1"]].mean())
        total["on_cpu"] = "on_cpu" not in costs or bool(costs["on_cpu"].all())
        together.append(_Cell(scores | {"costs": total}, predictions))
    return together


def _row(cells: Sequence[_Cell], audit: Mapping[str, Any], params: EvaluateParams) -> dict[str, Any]:
    predictions = pd.concat([cell.predictions for cell in cells])
    pooled = score_predictions(predictions, order_emotions(set(predictions["emotion"])), params)
    per_cell = pd.DataFrame([{name: cell.scores[name] for name in SCORES} for cell in cells])
    costs = pd.DataFrame([cell.scores["costs"] for cell in cells])
    row: dict[str, Any] = {
        "protocol": audit["protocol"],
        "cells": len(cells),
        "test_clips": predictions["utterance_id"].nunique(),
        "test_speakers": pooled["n_speakers"],
    }
    for name in SCORES:
        interval = pooled["interval_95"][name]
        row |= {name: pooled[name], f"{name}_low": interval["low"], f"{name}_high": interval["high"]}
        row |= {f"{name}_mean": per_cell[name].mean(), f"{name}_sd": per_cell[name].std()}
    row |= {f"uar_{corpus}": scores["uar"] for corpus, scores in pooled.get("per_corpus", {}).items()}
    on_cpu = costs["on_cpu"].astype(bool) if "on_cpu" in costs else pd.Series(True, costs.index)
    return row | {
        "ece": pooled["ece"],
        "minutes": costs["minutes"].where(on_cpu).mean(),
        "weights": costs["weights"].max() if "weights" in costs else float("nan"),
        "validation_macro_f1": costs["validation_macro_f1"].mean() if "weights" in costs else float("nan"),
        "shared": describe_leaks({"train_test": audit["leaks"]["train_test"]}).removeprefix("train and test share "),
    }


def _groups(folder: Path) -> dict[str, list[Path]]:
    """The cells of each split, folds of one protocol together, of the seeds that have them all."""
    groups: dict[str, list[str]] = {}
    for split in read_table_definition().splits:
        groups.setdefault(_group(split), []).append(split)
    found = {}
    for group, splits in groups.items():
        by_seed = [[folder / f"{split}-{seed}.json" for split in splits] for seed in read_table_definition().seeds]
        if whole := [path for paths in by_seed if all(path.exists() for path in paths) for path in paths]:
            found[group] = whole
    return found


def _group(split: str) -> str:
    return re.sub(rf"^({'|'.join(FOLDED)})-\d+$", r"\1", split)
