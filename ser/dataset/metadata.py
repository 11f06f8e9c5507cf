"""The metadata table: one row per utterance, its columns, reading and writing."""

from pathlib import Path

import pandas as pd

from ser.errors import InputError
from ser.storage import read_table, write_table

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
"""The common emotions in the order in which every table, matrix and plot shows them: RAVDESS's own."""

GENDERS = ("female", "male")

SUBSETS = ("train", "validation", "test")

UNUSED = "unused"
"""The subset of utterances that a protocol leaves out."""

COLUMNS: dict[str, type] = {
    "utterance_id": str,  # unique: the corpus, and what it calls the recording
    "corpus": str,
    "path": str,  # of the recording, as the ingest stage was given it
    "emotion": str,
    "gender": str,  # one of GENDERS; like all that follow up to the sampling rate, empty if the corpus does not say
    "speaker": str,  # unique across corpora
    "age": str,  # years
    "language": str,  # ISO 639-1
    "vocal_channel": str,  # speech or song
    "intensity": str,
    "statement": str,
    "repetition": str,
    "sampling_rate": int,  # hertz, as recorded
    "channels": int,
    "duration": float,  # seconds
    "audio_hash": str,  # of the decoded audio
    "fingerprint": str,  # hexadecimal; near-identical audio differs in few bits
}


def order_emotions(names: set[str]) -> list[str]:
    """Put emotion names in the order of `EMOTIONS`, others behind them by name.

    >>> order_emotions({"angry", "boredom", "calm"})
    ['calm', 'angry', 'boredom']
    """
    return [name for name in EMOTIONS if name in names] + sorted(names - set(EMOTIONS))


def write_metadata(metadata: pd.DataFrame, path: Path) -> None:
    """Write the table, sorted by utterance_id."""
    write_table(metadata[list(COLUMNS)].sort_values("utterance_id"), path)


def read_metadata(path: Path) -> pd.DataFrame:
    """Read the table that `write_metadata` wrote.

    Raises:
        InputError: a column is missing or of the wrong type, an utterance stands twice, or an emotion or a gender
            cannot be one.
    """
    metadata = read_table(path, COLUMNS)
    twice = metadata.loc[metadata["utterance_id"].duplicated(), "utterance_id"]
    if len(twice):
        raise InputError(f"{path}: utterance {twice.iloc[0]} stands in more than one row")
    if (metadata["emotion"] == "").any():
        first = metadata.loc[metadata["emotion"] == "", "utterance_id"].iloc[0]
        raise InputError(f"{path}: {first}: emotion: expected a name, got nothing")
    unknown = metadata.loc[~metadata["gender"].isin([*GENDERS, ""])]
    if len(unknown):
        first = unknown.iloc[0]
        raise InputError(
            f"{path}: {first['utterance_id']}: gender: expected {' or '.join(GENDERS)}, got '{first['gender']}'"
        )
    return metadata
