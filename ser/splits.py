"""Split protocols: which utterance goes to train, validation or test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from ser.errors import InputError
from ser.metadata import SUBSETS, UNUSED
from ser.params import SplitParams
from ser.storage import read_table, write_table

COLUMNS: dict[str, type] = {"utterance_id": str, "subset": str}


def speaker_independent(metadata: pd.DataFrame, params: SplitParams) -> pd.Series:
    """Every speaker in one subset only, with as many women as men in validation and in test where both are left.

    The speakers of each gender are shuffled and dealt out alternately, test first, then validation; the rest is train.
    A subset's number of speakers is its fraction of all, rounded to whole woman-man pairs, but at least one speaker.

    Raises:
        InputError: there are too few speakers for three subsets, or the corpus does not say who speaks.
    """
    return _deal_speakers(metadata, {"test": params.test_fraction, "validation": params.validation_fraction}, params)


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


def cross_corpus(metadata: pd.DataFrame, params: SplitParams) -> pd.Series:
    """Test on ``params.test_corpora``, train on all others, on the emotions that both have.

    Validation speakers are held out of the train corpora, as `speaker_independent` does it: what is tested on chooses
    nothing. Utterances of other emotions are unused.

    Raises:
        InputError: a test corpus is not among the utterances, nothing is left to train on, fewer than two emotions are
            shared, or the train corpora have fewer than two speakers.
    """
    corpora = set(metadata["corpus"])
    missing = sorted(set(params.test_corpora) - corpora)
    if missing:
        raise InputError(f"split.test_corpora: '{missing[0]}' was not ingested; there is {', '.join(sorted(corpora))}")
    tested = metadata["corpus"].isin(params.test_corpora)
    if tested.all():
        raise InputError("split.test_corpora names every corpus: nothing is left to train on")
    shared = set(metadata.loc[tested, "emotion"]) & set(metadata.loc[~tested, "emotion"])
    if len(shared) < 2:
        raise InputError(f"train and test corpora share {len(shared)} emotions; at least 2 are needed (ingest.relabel)")
    used = metadata["emotion"].isin(shared)
    subset = pd.Series(UNUSED, index=metadata.index)
    subset[used & tested] = "test"
    train = metadata[used & ~tested]
    subset[train.index] = _deal_speakers(train, {"validation": params.validation_fraction}, params)
    return subset


def _deal_speakers(metadata: pd.DataFrame, fractions: dict[str, float], params: SplitParams) -> pd.Series:
    """Deal the speakers out to the subsets of `fractions`, and the rest to train, as `speaker_independent` says."""
    unknown = metadata[metadata["speaker"] == ""]
    if len(unknown):
        raise InputError(
            f"{len(unknown)} utterances have no speaker, the first is {unknown['utterance_id'].iloc[0]}:"
            f" protocol {params.protocol} cannot keep speakers apart"
        )
    speakers = metadata.drop_duplicates("speaker").sort_values("speaker")
    rng = np.random.default_rng(params.seed)
    decks = [rng.permutation(group["speaker"]) for _, group in speakers.groupby("gender")]
    dealt = [deck[turn] for turn in range(len(speakers)) for deck in decks if turn < len(deck)]
    subset = pd.Series("train", index=dealt)
    start = 0
    for name, fraction in fractions.items():
        size = max(1, len(decks) * round(fraction * len(dealt) / len(decks)))
        subset.iloc[start : start + size] = name
        start += size
    if start >= len(dealt):
        names = ["train", *reversed(fractions)]
        raise InputError(f"{len(dealt)} speakers cannot fill {', '.join(names[:-1])} and {names[-1]}")
    return metadata["speaker"].map(subset)


PROTOCOLS: dict[str, Callable[[pd.DataFrame, SplitParams], pd.Series]] = {
    "speaker_independent": speaker_independent,
    "stratified_80_10_10": stratified_80_10_10,
    "cross_corpus": cross_corpus,
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
    unknown = splits.loc[~splits["subset"].isin([*SUBSETS, UNUSED]), "subset"]
    if len(unknown):
        raise InputError(f"{path}: subset: expected one of {', '.join(SUBSETS)}, got '{unknown.iloc[0]}'")
    return splits
