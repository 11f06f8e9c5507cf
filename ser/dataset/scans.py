"""The tables of one scanned corpus: its utterances, and its files that are none."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ser.audio.files import by_suffix
from ser.audio.limits import REASONS as AUDIO_REASONS
from ser.dataset.metadata import COLUMNS
from ser.dataset.recordings import CONDITION_COLUMNS
from ser.storage import read_table, replacing_folder, write_table

IMPOSSIBLE_NAME = "impossible name"
SCAN_REASONS = (*AUDIO_REASONS, IMPOSSIBLE_NAME)
"""Why a file by itself cannot be used."""

NO_RECORDING, NOT_LISTED = "no recording", "not listed"
NOT_MEANT_REASONS = (NO_RECORDING, NOT_LISTED)
"""Why a file is not meant: it is plainly no recording, or the table that labels the corpus does not name it."""

FILES = ("utterances.csv", "rejected.csv", "conditions.csv")

REJECTED_COLUMNS: dict[str, type] = {"path": str, "reason": str, "detail": str}


@dataclass(frozen=True)
class Scan:
    """One corpus, file by file.

    Attributes:
        utterances: one row per usable recording, sorted by path, with the columns of `ser.dataset.metadata` and the
            corpus's own emotions; an utterance_id may stand more than once.
        rejected: one row per other file: its path, the reason (one of `SCAN_REASONS` or `NOT_MEANT_REASONS`), and what
            exactly was found.
        conditions: one row per file that was decoded, with the columns of `ser.dataset.recordings` and ``corpus``.
        notes: what was odd in the labels, for whoever scans; not written.
    """

    utterances: pd.DataFrame
    rejected: pd.DataFrame
    conditions: pd.DataFrame
    notes: tuple[str, ...] = ()


def write_scan(found: Scan, folder: Path) -> None:
    """Write ``utterances.csv``, ``rejected.csv`` and ``conditions.csv``, all or none."""
    with replacing_folder(folder, FILES) as sibling:
        write_table(found.utterances, sibling / "utterances.csv")
        write_table(found.rejected, sibling / "rejected.csv")
        write_table(found.conditions, sibling / "conditions.csv")


def read_scan(folder: Path) -> Scan:
    """Read the folder that `write_scan` wrote.

    Raises:
        InputError: a table is missing or damaged.
    """
    return Scan(
        utterances=read_table(folder / "utterances.csv", COLUMNS),
        rejected=read_table(folder / "rejected.csv", REJECTED_COLUMNS),
        conditions=read_table(folder / "conditions.csv", CONDITION_COLUMNS | {"corpus": str}),
    )


def describe_rejected(rejected: pd.DataFrame) -> str:
    """Count files left out by reason and extension, the most frequent first.

    >>> describe_rejected(pd.DataFrame({"path": ["a.wav", "b.wav", "c.txt"], "reason": ["silent", "silent", "empty"]}))
    '2 silent (2 .wav), 1 empty (1 .txt)'
    """
    by_reason = sorted(rejected.groupby("reason")["path"], key=lambda group: -len(group[1]))
    return ", ".join(f"{len(paths):,} {reason} ({by_suffix(paths)})" for reason, paths in by_reason)
