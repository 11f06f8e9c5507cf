"""Split protocols: which utterance goes to train, validation or test."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from ser.dataset.folds import EMOBOX6, LUNA5, Fold
from ser.dataset.metadata import SUBSETS, UNUSED
from ser.errors import InputError
from ser.params import SplitParams
from ser.storage import read_table, write_table

COLUMNS: dict[str, type] = {"utterance_id": str, "subset": str}


def speaker_independent(metadata: pd.DataFrame, params: SplitParams) -> pd.Series:
    """Every speaker in one subset only, with as many women as men in validation and in test where both are left.

    Each corpus is dealt out by itself, so that all are tested. The speakers of each gender are shuffled and dealt out
    alternately, test first, then validation; the rest is train. A subset's number of speakers is its fraction of the
    corpus's, rounded to whole woman-man pairs, but at least one speaker, and one is left for train: of two speakers
    (TESS) one is tested and one trained on, and a single one is trained on.

    Raises:
        InputError: no corpus has enough speakers for three subsets, or one does not say who speaks.
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
            shared, or no train corpus has two speakers.
    """
    corpora = set(metadata["corpus"])
    missing = sorted(set(params.test_corpora) - corpora)
    if missing:
        raise InputError(f"split.test_corpora: '{missing[0]}' was not ingested; there is {', '.join(sorted(corpora))}")
    tested = metadata["corpus"].isin(params.test_corpora)
    return _from_corpora_to_others(metadata, tested, params)


def leave_one_corpus_out(metadata: pd.DataFrame, params: SplitParams) -> pd.Series:
    """As `cross_corpus`, tested on one corpus: fold 0 on the first by name, and so on.

    Raises:
        InputError: there is no such fold, or as `cross_corpus`.
    """
    corpora = sorted(set(metadata["corpus"]))
    return _from_corpora_to_others(metadata, metadata["corpus"] == corpora[_fold(params, len(corpora))], params)


def _from_corpora_to_others(metadata: pd.DataFrame, tested: pd.Series, params: SplitParams) -> pd.Series:
    if tested.all():
        raise InputError("every corpus is tested: nothing is left to train on")
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
    _all_speakers_known(metadata, params)
    speakers = metadata.drop_duplicates("speaker").sort_values("speaker")
    subset: dict[str, str] = {}
    for _, of_corpus in speakers.groupby("corpus"):
        subset |= _deal_corpus(of_corpus, fractions, params.seed)
    names = ["train", *reversed(fractions)]
    if set(subset.values()) != set(names):
        raise InputError(
            f"{len(speakers)} speakers, dealt corpus by corpus, cannot fill {', '.join(names[:-1])} and {names[-1]}"
        )
    return metadata["speaker"].map(subset)


def _deal_corpus(speakers: pd.DataFrame, fractions: dict[str, float], seed: int) -> dict[str, str]:
    """Deal the speakers of one corpus, one a row; a subset for which none is left over is empty."""
    rng = np.random.default_rng(seed)
    decks = [rng.permutation(group["speaker"]) for _, group in speakers.groupby("gender")]
    dealt = [deck[turn] for turn in range(len(speakers)) for deck in decks if turn < len(deck)]
    subset = dict.fromkeys(dealt, "train")
    start = 0
    for name, fraction in fractions.items():
        size = max(1, len(decks) * round(fraction * len(dealt) / len(decks)))
        end = min(start + size, len(dealt) - 1)  # one is left to train on
        subset |= dict.fromkeys(dealt[start:end], name)
        start = end
    return subset


def random_80_20(metadata: pd.DataFrame, params: SplitParams) -> pd.Series:
    """Random utterances, whoever speaks: 20 % test; of the rest, ``params.validation_fraction`` validation.

    Nothing is stratified, as in most programs that say "80/20". Speakers are shared between subsets.
    """
    train, test = train_test_split(metadata.index, test_size=0.2, random_state=params.seed)
    _, validation = train_test_split(train, test_size=params.validation_fraction, random_state=params.seed)
    subset = pd.Series("train", index=metadata.index)
    subset[validation] = "validation"
    subset[test] = "test"
    return subset


def kaggle_leaky(metadata: pd.DataFrame, params: SplitParams) -> pd.Series:
    """`random_80_20` over a corpus that holds its recordings more than once: most test clips were trained on.

    It exists to reproduce figures published on the Kaggle copy of RAVDESS, whose 20 % are 576 clips.

    Raises:
        InputError: no recording is there twice, so this would not be that protocol.
    """
    if not metadata["audio_hash"].duplicated().any():
        raise InputError(
            "protocol kaggle_leaky needs the copies left in: the Kaggle layout, and ingest.keep_duplicates: true"
        )
    return random_80_20(metadata, params)


def luna5(metadata: pd.DataFrame, params: SplitParams) -> pd.Series:
    """Fold ``params.fold`` of the five of `ser.dataset.folds.LUNA5`, RAVDESS only."""
    return _ravdess_fold(metadata, params, LUNA5)


def emobox6(metadata: pd.DataFrame, params: SplitParams) -> pd.Series:
    """Fold ``params.fold`` of the six of `ser.dataset.folds.EMOBOX6`, RAVDESS only; validation is held out of train."""
    return _ravdess_fold(metadata, params, EMOBOX6)


def loso(metadata: pd.DataFrame, params: SplitParams) -> pd.Series:
    """Leave one speaker out: fold k tests the k-th in order; validation speakers are held out of train.

    Raises:
        InputError: there is no such fold, no corpus has two speakers besides, or a speaker is not known.
    """
    _all_speakers_known(metadata, params)
    speakers = sorted(metadata["speaker"].unique())
    return _hold_out(metadata, params, [speakers[_fold(params, len(speakers))]], [])


def _ravdess_fold(metadata: pd.DataFrame, params: SplitParams, folds: Sequence[Fold]) -> pd.Series:
    others = sorted(set(metadata["corpus"]) - {"ravdess"})
    if others:
        raise InputError(f"protocol {params.protocol} is of RAVDESS's actors; '{others[0]}' was ingested")
    fold = folds[_fold(params, len(folds))]
    test, validation = ([f"ravdess_{actor:02}" for actor in actors] for actors in (fold.test, fold.validation))
    absent = sorted(set(test + validation) - set(metadata["speaker"]))
    if absent:
        raise InputError(f"fold {params.fold} of {params.protocol} needs {absent[0]}, who is not in the corpus")
    return _hold_out(metadata, params, test, validation)


def _fold(params: SplitParams, n_folds: int) -> int:
    if params.fold >= n_folds:
        raise InputError(f"split.fold: {params.protocol} has folds 0 to {n_folds - 1} here, got {params.fold}")
    return params.fold


def _hold_out(metadata: pd.DataFrame, params: SplitParams, test: Sequence[str], validation: Sequence[str]) -> pd.Series:
    """Test on some speakers, validate on others, or on some that are dealt from the rest, and train on what is left."""
    tested = metadata["speaker"].isin(test)
    if not validation:
        subset = pd.Series("test", index=metadata.index)
        subset[~tested] = _deal_speakers(metadata[~tested], {"validation": params.validation_fraction}, params)
        return subset
    subset = pd.Series("train", index=metadata.index)
    subset[metadata["speaker"].isin(validation)] = "validation"
    subset[tested] = "test"
    return subset


def _all_speakers_known(metadata: pd.DataFrame, params: SplitParams) -> None:
    unknown = metadata[metadata["speaker"] == ""]
    if len(unknown):
        raise InputError(
            f"{len(unknown)} utterances have no speaker, the first is {unknown['utterance_id'].iloc[0]}:"
            f" protocol {params.protocol} cannot keep speakers apart"
        )


PROTOCOLS: dict[str, Callable[[pd.DataFrame, SplitParams], pd.Series]] = {
    protocol.__name__: protocol
    for protocol in (
        speaker_independent,
        stratified_80_10_10,
        random_80_20,
        kaggle_leaky,
        luna5,
        emobox6,
        loso,
        cross_corpus,
        leave_one_corpus_out,
    )
}
"""From a name in ``split.protocol`` to what gives every utterance's subset."""

FOLDED = ("luna5", "emobox6", "loso", "leave_one_corpus_out")
"""Protocols of which ``split.fold`` chooses one fold; the others have fold 0 alone."""


def assign_splits(metadata: pd.DataFrame, params: SplitParams) -> pd.DataFrame:
    """Apply the protocol that ``params`` names.

    Args:
        metadata: the table of `ser.dataset.metadata`; the order of its rows does not matter.
        params: the protocol and its settings.

    Returns:
        One row per utterance, sorted by utterance_id: utterance_id, subset.

    Raises:
        InputError: the corpus is too small for the protocol, or only one emotion is trained on.
    """
    if params.protocol not in FOLDED:
        _fold(params, 1)
    metadata = metadata.sort_values("utterance_id", ignore_index=True)
    splits = metadata[["utterance_id"]].assign(subset=PROTOCOLS[params.protocol](metadata, params))
    emotions = metadata.loc[splits["subset"] == "train", "emotion"].unique()
    if len(emotions) < 2:
        found = f"'{emotions[0]}' alone" if len(emotions) else "none"
        raise InputError(f"expected utterances of at least two emotions to train on, found {found}")
    return splits


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
