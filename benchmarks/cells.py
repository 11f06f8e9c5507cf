"""A cell of the tables: one system, one split, one seed; what it reads, and how it is written."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.table import TOP, base_ids
from ser.errors import InputError
from ser.evaluation.metrics import score_predictions
from ser.features.store import COLUMNS, FeatureStore, read_features
from ser.params import EvaluateParams
from ser.storage import read_table, write_json, write_table

PREDICTIONS = dict.fromkeys(("utterance_id", "corpus", "speaker", "gender", "emotion", "predicted"), str)

DATA = TOP / "benchmarks" / "data"
FEATURES = DATA / "features"
CELLS = TOP / "benchmarks" / "results" / "cells"
ADAPTED = TOP / "benchmarks" / "results" / "adapted"
"""By what it is adapted to, corpus or speaker: cells in which each source's own test recordings, without their labels,
gave the statistics that the network standardises by."""


def read_split(split: str, seed: int) -> pd.DataFrame:
    """Read what `benchmarks.splits` wrote: the columns of a feature store, and subset."""
    return read_table(DATA / "splits" / f"{split}-{seed}.csv", COLUMNS | {"subset": str})


def read_stores(features: Path, utterances: pd.DataFrame) -> tuple[FeatureStore, FeatureStore]:
    """Pick a split's utterances out of a system's features, and the augmented copies of those in train.

    Args:
        features: the folder that `benchmarks.features` wrote.
        utterances: the columns of a feature store, and subset.

    Raises:
        InputError: an utterance has no features.
    """
    stored, copies = read_features(features / "features"), read_features(features / "augmented")
    places = pd.Index(stored.utterances["utterance_id"]).get_indexer(pd.Index(base_ids(utterances["utterance_id"])))
    if (places < 0).any():
        raise InputError(f"{features}: has no features of {utterances['utterance_id'].iloc[int(places.argmin())]}")
    train = utterances.loc[utterances["subset"] == "train", "utterance_id"]
    chosen = copies.utterances["source_utterance_id"].isin(train).to_numpy()
    return (
        FeatureStore(_rows(stored, places), utterances[list(COLUMNS)], stored.front_end),
        FeatureStore(_rows(copies, chosen), copies.utterances[chosen].reset_index(drop=True), copies.front_end),
    )


def _rows(store: FeatureStore, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: array[rows] for name, array in store.arrays.items()}


def write_cell(
    predictions: pd.DataFrame,
    classes: Sequence[str],
    costs: Mapping[str, float],
    params: EvaluateParams,
    system: str,
    split: str,
    seed: int,
    cells: Path = CELLS,
) -> None:
    """Score the predictions of a test subset and write SYSTEM/SPLIT-SEED.json, and the predictions beside it as CSV.

    Args:
        predictions: as `ser.evaluation.predictions.predict_test` gives them.
        classes: the emotions, in the order of the probabilities.
        costs: what the system took: ``minutes`` of training, ``weights`` and the like.
        params: how the scores' intervals are made.
        system: a preset, or a toolkit.
        split: of benchmarks/table.yaml.
        seed: of the split and the training.
        cells: the folder of all systems.
    """
    scores = score_predictions(predictions, classes, params)
    cell = cells / system / f"{split}-{seed}.json"
    # Four decimals: hundreds of these files are committed.
    write_table(predictions.round(4), cell.with_suffix(".csv"))
    write_json({"costs": dict(costs)} | scores, cell)


def read_predictions(path: Path) -> pd.DataFrame:
    """Read the predictions of a cell."""
    predictions = read_table(path, PREDICTIONS)
    return predictions.astype({name: float for name in predictions.columns if name.startswith("p_")})
