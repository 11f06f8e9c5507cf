"""One cell of the table: a system trained and tested on one split, with one seed.

    python -m benchmarks.cell mfcc-3conv luna5-0 0

Interrupted, it goes on from its last whole epoch when run again.
"""

import time
from pathlib import Path
from typing import Annotated

import pandas as pd
import torch
import typer

from benchmarks.cells import write_cell
from benchmarks.table import TOP, base_ids
from ser.datasets import select_training_data
from ser.errors import InputError, user_errors
from ser.evaluation import predict_test
from ser.feature_store import COLUMNS, FeatureStore, read_features
from ser.model_file import Model, ModelDescription
from ser.params import EvaluateParams, load_params
from ser.presets import find_preset, preset_params
from ser.storage import read_table
from ser.training import fit

DATA = TOP / "benchmarks" / "data"
CELLS = TOP / "benchmarks" / "results" / "cells"


def main(
    system: Annotated[str, typer.Argument(help="A preset.")],
    split: Annotated[str, typer.Argument(help="A split of benchmarks/table.yaml.")],
    seed: Annotated[int, typer.Argument(help="Of the training, and of the split where it is drawn.")],
) -> None:
    """Train on train, choose the epoch on validation, score test."""
    with user_errors():
        # One core: its minutes mean the same everywhere, and as many cells as there are cores can run side by side.
        torch.set_num_threads(1)
        params = preset_params(find_preset(system)).train.model_copy(update={"seed": seed})
        utterances = read_table(DATA / "splits" / f"{split}-{seed}.csv", COLUMNS | {"subset": str})
        features, augmented = read_stores(DATA / "features" / system, utterances)
        splits = utterances[["utterance_id", "subset"]]
        data = select_training_data(features, augmented, splits)
        started = time.monotonic()
        fitted = fit(
            data.train, data.validation, len(data.classes), params, DATA / f".fit-{system}-{split}-{seed}", typer.echo
        )
        seconds = time.monotonic() - started
        model = Model(
            fitted.classifier,
            ModelDescription(
                format=2,
                architecture=params.model,
                classes=tuple(data.classes),
                front_end=features.front_end,
                trained_on=tuple(data.corpora),
            ),
        )
        training = fitted.metrics()
        costs = {
            "minutes": round(seconds / 60, 2),
            "weights": training["weights"],
            "epochs": training["epochs"],
            "best_epoch": training["best_epoch"],
            "train_macro_f1": training["macro_f1"],
            "validation_macro_f1": training["validation"]["macro_f1"],
        }
        write_cell(
            predict_test(model, features, splits),
            data.classes,
            costs,
            load_params(EvaluateParams),
            CELLS / system / f"{split}-{seed}.json",
        )


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
        FeatureStore(stored.features[places], utterances[list(COLUMNS)], stored.front_end),
        FeatureStore(copies.features[chosen], copies.utterances[chosen].reset_index(drop=True), copies.front_end),
    )


if __name__ == "__main__":
    typer.run(main)
