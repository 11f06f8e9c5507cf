"""The metadata table: one row per utterance, its columns, reading and writing."""

from pathlib import Path

import pandas as pd

from ser.errors import InputError
from ser.storage import read_table, write_table

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
"""The emotions in the order in which every table, matrix and plot shows them: RAVDESS's own."""

GENDERS = ("female", "male")

SUBSETS = ("train", "validation", "test")

COLUMNS: dict[str, type] = {
    "utterance_id": str,  # unique: corpus and file name
    "corpus": str,
    "path": str,  # of the recording, as the ingest stage was given it
    "emotion": str,  # one of EMOTIONS
    "gender": str,  # one of GENDERS
    "speaker": str,  # unique across corpora
    "vocal_channel": str,  # speech or song
    "intensity": str,  # normal or strong
    "statement": str,
    "repetition": str,
    "sampling_rate": int,  # hertz, as recorded
    "channels": int,
    "duration": float,  # seconds
    "audio_hash": str,  # of the decoded audio
    "fingerprint": str,  # hexadecimal; near-identical audio differs in few bits
}


def order_emotions(names: set[str]) -> list[str]:
    """Put emotion names in the order of `EMOTIONS`.

    >>> order_emotions({"angry", "calm"})
    ['calm', 'angry']
    """
    return [name for name in EMOTIONS if name in names]


def write_metadata(metadata: pd.DataFrame, path: Path) -> None:
    """Write the table, sorted by utterance_id."""
    write_table(metadata[list(COLUMNS)].sort_values("utterance_id"), path)


def read_metadata(path: Path) -> pd.DataFrame:
    """Read the table that `write_metadata` wrote.

    Raises:
        InputError: a column is missing or of the wrong type, an utterance stands twice, or an emotion or a gender is
            not one of the known ones.
    """
    metadata = read_table(path, COLUMNS)
    twice = metadata.loc[metadata["utterance_id"].duplicated(), "utterance_id"]
    if len(twice):
        raise InputError(f"{path}: utterance {twice.iloc[0]} stands in more than one row")
    for column, known in (("emotion", EMOTIONS), ("gender", GENDERS)):
        unknown = metadata.loc[~metadata[column].isin(known)]
        if len(unknown):
            first = unknown.iloc[0]
            raise InputError(
                f"{path}: {first['utterance_id']}: {column}: expected one of {', '.join(known)}, got '{first[column]}'"
            )
    return metadata
