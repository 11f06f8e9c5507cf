"""The audit of a folder of recordings, whether or not its labels can be read."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ser.audio import AudioError
from ser.audit.copies import find_copies
from ser.audit.findings import Limits
from ser.audit.recordings import Recording, examine, tabulate
from ser.audit.report import Audit, audit_tables
from ser.corpora.labels import Labels
from ser.errors import InputError

_LABELLED = ("path", "corpus", "emotion", "gender", "speaker", "duration")
_REJECTED = ("path", "corpus", "reason", "detail")


def audit_folder(
    folder: Path,
    corpus: str,
    read_labels: Callable[[Path], Labels] | None,
    limits: Limits | None = None,
    label_file: Path | None = None,
) -> Audit:
    """Examine every file in a folder, at any depth and of any extension.

    As in the ingest stage, the same decoded audio counts once in the numbers of clips and hours, and not at all when
    its labels cannot be told. Unlike there, files of one name are no clash when one is an altered copy of the other.

    Args:
        folder: where the recordings are.
        corpus: its name; empty if it is none.
        read_labels: reads a recording's labels, and raises `InputError` when it cannot; None leaves labels out.
        limits: where a measured value becomes a finding.
        label_file: the one file in the folder that is no recording, since it holds the labels.

    Raises:
        InputError: there is no file in the folder.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != label_file)
    if not paths:
        raise InputError(f"{folder}: expected recordings, found no file")
    recordings: list[Recording] = []
    labelled: list[dict[str, Any]] = []
    rejected: list[dict[str, str]] = []
    for path, recording in zip(paths, examine(paths, f"audit {folder}"), strict=True):
        if isinstance(recording, AudioError):
            rejected.append(_rejection(path.as_posix(), corpus, recording.reason, str(recording)))
            continue
        recordings.append(recording)
        if read_labels is None:
            continue
        try:
            labels = asdict(read_labels(path))
        except InputError as error:
            rejected.append(_rejection(path.as_posix(), corpus, "impossible name", str(error)))
            continue
        speaker = f"{corpus}_{labels['speaker']}" if labels["speaker"] else ""
        row = labels | {"path": path.as_posix(), "corpus": corpus, "speaker": speaker}
        labelled.append(row | {"duration": recording.condition.duration})
    conditions = tabulate(recordings)
    metadata = pd.DataFrame(labelled, columns=list(_LABELLED))
    copies = find_copies(conditions)
    rejected += _conflicts(metadata, copies) + _clashes(metadata, copies)
    unused = {one["path"] for one in rejected} | set(copies.loc[copies["kind"] == "duplicate", "path"])
    return audit_tables(
        metadata[~metadata["path"].isin(unused)], pd.DataFrame(rejected, columns=list(_REJECTED)), conditions, limits
    )


def _conflicts(metadata: pd.DataFrame, copies: pd.DataFrame) -> list[dict[str, str]]:
    """Copies of one recording that are labelled differently, and their originals: which one is right is not known."""
    labels = dict(zip(metadata["path"], metadata["emotion"] + " by " + metadata["speaker"], strict=True))
    others: dict[str, str] = {}
    for copy in copies[copies["kind"] != "near-identical"].itertuples():
        one, other = str(copy.path), str(copy.original)
        if one in labels and other in labels and labels[one] != labels[other]:
            others |= {one: other, other: one}
    corpora = dict(zip(metadata["path"], metadata["corpus"], strict=True))
    return [
        _rejection(path, corpora[path], "conflicting labels", f"{labels[path]}, but its copy {other} {labels[other]}")
        for path, other in sorted(others.items())
    ]


def _clashes(metadata: pd.DataFrame, copies: pd.DataFrame) -> list[dict[str, str]]:
    """Recordings of one name that are not copies of one another."""
    originals = dict(zip(copies["path"], copies["original"], strict=True))
    names = metadata.assign(
        name=metadata["path"].map(lambda path: Path(path).stem),
        recording=metadata["path"].map(lambda path: originals.get(path, path)),
    )
    return [
        _rejection(str(row.path), str(row.corpus), "name clash", f"another recording is also called {row.name}")
        for row in names[names.groupby("name")["recording"].transform("nunique") > 1].itertuples(index=False)
    ]


def _rejection(path: str, corpus: str, reason: str, detail: str) -> dict[str, str]:
    return {"path": path, "corpus": corpus, "reason": reason, "detail": detail}
