"""Joining features with splits: what is trained on, what validates, what is tested."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ser.dataset.metadata import order_emotions
from ser.errors import InputError
from ser.features.examples import Examples
from ser.features.store import FeatureStore


@dataclass(frozen=True)
class TrainingData:
    """What the train stage may see.

    Attributes:
        train: train utterances, and their augmented copies behind them.
        validation: validation utterances, as they are.
        classes: the emotions of the train utterances, in the order of `ser.dataset.metadata.EMOTIONS`.
        corpora: where the train utterances come from, sorted.
    """

    train: Examples
    validation: Examples
    classes: list[str]
    corpora: list[str]


def select_training_data(features: FeatureStore, augmented: FeatureStore, splits: pd.DataFrame) -> TrainingData:
    """Pick the train and validation utterances; test is not looked at.

    Raises:
        InputError: an augmented copy comes from an utterance outside train, the two stores have other front ends, or
            validation has an emotion that train lacks.
    """
    if augmented.front_end != features.front_end:
        raise InputError("the features and their augmented copies were made by different front ends; run `dvc repro`")
    subset = _subset_of_rows(features, splits)
    train = features.utterances[subset == "train"]
    strangers = augmented.utterances[~augmented.utterances["source_utterance_id"].isin(train["utterance_id"])]
    if len(strangers):
        first = strangers.iloc[0]
        raise InputError(
            f"augmented copy {first['utterance_id']} comes from {first['source_utterance_id']}, which is not in train"
        )
    classes = order_emotions(set(train["emotion"]))
    validation = features.utterances[subset == "validation"]
    rows = np.concatenate([train.index, len(features.utterances) + np.arange(len(augmented.utterances))])
    emotions = pd.concat([train["emotion"], augmented.utterances["emotion"]])
    return TrainingData(
        train=Examples(
            {name: (array, augmented.arrays[name]) for name, array in features.arrays.items()},
            rows,
            class_indices(emotions, classes),
        ),
        validation=Examples(
            {name: (array,) for name, array in features.arrays.items()},
            validation.index.to_numpy(),
            class_indices(validation["emotion"], classes),
        ),
        classes=classes,
        corpora=sorted(set(train["corpus"])),
    )


def select_test_rows(features: FeatureStore, splits: pd.DataFrame) -> pd.DataFrame:
    """Pick the test utterances; the index of the table is their row in the features."""
    return features.utterances[_subset_of_rows(features, splits) == "test"]


def class_indices(emotions: pd.Series, classes: list[str]) -> np.ndarray:
    """Map emotions to their place in `classes`, int64.

    Raises:
        InputError: an emotion is not a class.
    """
    indices = pd.Index(classes).get_indexer(pd.Index(emotions))
    if (indices < 0).any():
        raise InputError(f"emotion '{emotions.iloc[int(indices.argmin())]}' is not among the train utterances")
    return indices.astype(np.int64)


def _subset_of_rows(features: FeatureStore, splits: pd.DataFrame) -> pd.Series:
    joined = features.utterances[["utterance_id"]].merge(splits, on="utterance_id", how="left", validate="one_to_one")
    missing = joined.loc[joined["subset"].isna(), "utterance_id"]
    if len(missing):
        raise InputError(f"utterance {missing.iloc[0]} has features but is in no subset; run `dvc repro`")
    return joined["subset"]
