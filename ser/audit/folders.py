"""The audit of a folder of recordings, whether or not its labels can be read."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from ser.audio.limits import AudioError
from ser.audit.findings import Limits
from ser.audit.report import Audit, audit_tables
from ser.dataset.ingestion import settle_copies
from ser.dataset.metadata import COLUMNS
from ser.dataset.recordings import Recording, examine, tabulate
from ser.dataset.scanning import reject_other_kinds, rejection, scan
from ser.dataset.scans import REJECTED_COLUMNS
from ser.errors import InputError
from ser.params import CustomParams
from ser.walking import walk


def audit_corpus(
    folder: Path,
    corpus: str,
    custom: CustomParams | None,
    limits: Limits | None = None,
    recipes: Path | None = None,
) -> Audit:
    """Audit a corpus as the stages `scan` and `ingest` read it, each recording counted once.

    Args:
        folder: where the recordings are.
        corpus: as `ser.corpora.find_corpus` takes it.
        custom: where the labels of the corpus ``custom`` are.
        limits: where a measured value becomes a finding.
        recipes: a folder of further recipes.

    Raises:
        InputError: there is no file in the folder, or it or the labels of the corpus cannot be read.
    """
    found = scan(folder, corpus, custom, recipes)
    if found.conditions.empty and found.rejected.empty:
        raise InputError(f"{folder}: expected recordings, found no file")
    settled = settle_copies(found)
    audit = audit_tables(settled.metadata, settled.rejected.assign(corpus=corpus), found.conditions, limits)
    return replace(audit, notes=found.notes)


def audit_recordings(folder: Path, limits: Limits | None = None) -> Audit:
    """Audit every file in a folder by its audio alone.

    Raises:
        InputError: there is no file in the folder, or it cannot be listed.
    """
    paths = walk(folder)
    if not paths:
        raise InputError(f"{folder}: expected recordings, found no file")
    rejections = reject_other_kinds(paths)
    meant = [path for path in paths if path not in rejections]
    recordings: list[Recording] = []
    for path, recording in zip(meant, examine(meant, f"audit {folder}"), strict=True):
        if isinstance(recording, AudioError):
            rejections[path] = rejection(path, recording.reason, str(recording))
        else:
            recordings.append(recording)
    return audit_tables(
        pd.DataFrame(columns=list(COLUMNS)),
        pd.DataFrame(list(rejections.values()), columns=list(REJECTED_COLUMNS)).assign(corpus=""),
        tabulate(recordings),
        limits,
    )
