"""Split protocols: which utterance goes to train, validation or test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from ser.errors import InputError
from ser.metadata import SUBSETS
from ser.params import SplitParams
from ser.storage import read_table, write_table

COLUMNS: dict[str, type] = {"utterance_id": str, "subset": str}


def speaker_independent(metadata: pd.DataFrame, params: SplitParams) -> pd.Series:
    """Every speaker in one subset only, with as many women as men in validation and in test where both are left.

    The speakers of each gender are shuffled and dealt out alternately, test first, then validation; the rest is train.
    A subset's number of speakers is its fraction of all, rounded to whole woman-man pairs, but at least one speaker.

    Raises:
        InputError: there are too few speakers for three subsets.
    """
    speakers = metadata.drop_duplicates("speaker").sort_values("speaker")
    rng = np.random.default_rng(params.seed)
    decks = [rng.permutation(group["speaker"]) for _, group in speakers.groupby("gender")]
    dealt = [deck[turn] for turn in range(len(speakers)) for deck in decks if turn < len(deck)]

    def size(fraction: float) -> int:
        return max(1, len(decks) * round(fraction * len(dealt) / len(decks)))

    n_test, n_validation = size(params.test_fraction), size(params.validation_fraction)
    if n_test + n_validation >= len(dealt):
        raise InputError(f"{len(dealt)} speakers cannot fill train, validation and test")
    subset = pd.Series("train", index=dealt)
    subset.iloc[:n_test] = "test"
    subset.iloc[n_test : n_test + n_validation] = "validation"
    return metadata["speaker"].map(subset)


def stratified_80_10_10(metadata: pd.DataFrame, params: SplitParams) -> pd.Series:
    """Random utterances, each emotion in the same proportions everywhere; speakers are shared between subsets.

    Raises:
        InputError: an emotion has too few utterances to be in every subset.
    """
    fewest = metadata["emotion"].value_counts().idxmin()
    n_fewest = int((metadata["emotion"] == fewest).sum())
    if n_fewest < 10:
        raise InputError(f"emotion '{fewest}' has {n_fewest} utterances; a stratified 80/10/10 split needs 10 of each")
    _, rest = train_test_split(
        metadata, train_size=0.8, stratify=metadata["emotion"], random_state=params.seed, shuffle=True
    )
    validation, test = train_test_split(
        rest, train_size=0.5, stratify=rest["emotion"], random_state=params.seed, shuffle=True
    )
    subset = pd.Series("train", index=metadata.index)
    subset[validation.index] = "validation"
    subset[test.index] = "test"
    return subset


PROTOCOLS: dict[str, Callable[[pd.DataFrame, SplitParams], pd.Series]] = {
    "speaker_independent": speaker_independent,
    "stratified_80_10_10": stratified_80_10_10,
}


def assign_splits(metadata: pd.DataFrame, params: SplitParams) -> pd.DataFrame:
    """Apply the protocol that ``params`` names.

    Args:
        metadata: the table of `ser.metadata`; the order of its rows does not matter.
        params: the protocol and its settings.

    Returns:
        One row per utterance, sorted by utterance_id: utterance_id, subset.

    Raises:
        InputError: the corpus is too small for the protocol.
    """
    metadata = metadata.sort_values("utterance_id", ignore_index=True)
    return metadata[["utterance_id"]].assign(subset=PROTOCOLS[params.protocol](metadata, params))


def write_splits(splits: pd.DataFrame, path: Path) -> None:
    """Write the table that `assign_splits` made."""
    write_table(splits[list(COLUMNS)], path)


def read_splits(path: Path) -> pd.DataFrame:
    """Read the table that `write_splits` wrote.

    Raises:
        InputError: a column is missing, or a subset is none of train, validation and test.
    """
    splits = read_table(path, COLUMNS)
    unknown = splits.loc[~splits["subset"].isin(SUBSETS), "subset"]
    if len(unknown):
        raise InputError(f"{path}: subset: expected one of {', '.join(SUBSETS)}, got '{unknown.iloc[0]}'")
    return splits
