"""From a corpus's folder to what every file in it is: a labelled recording, or something that cannot be used."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ser.audio.files import other_kind
from ser.audio.limits import AudioError
from ser.corpora import find_corpus
from ser.corpora.card import LabelReader
from ser.corpora.labels import Labels, UnlistedError
from ser.dataset.metadata import COLUMNS
from ser.dataset.recordings import Recording, examine, tabulate
from ser.dataset.scans import IMPOSSIBLE_NAME, NO_RECORDING, NOT_LISTED, REJECTED_COLUMNS, Scan
from ser.errors import InputError
from ser.params import CustomParams
from ser.walking import walk


def scan(folder: Path, corpus: str, custom: CustomParams | None, recipes: Path | None = None) -> Scan:
    """Decode every file of `folder` and read its labels.

    Every file is looked at, whatever its extension, since a corpus's copies differ in theirs; nothing is passed over in
    silence but the tables that label a corpus. Files that are plainly no recording, and those that such a table
    does not name, are listed as that and not decoded.

    Args:
        folder: where the recordings are, at any depth, linked folders included: see `ser.walking`.
        corpus: as `ser.corpora.find_corpus` takes it.
        custom: where the labels of the corpus ``custom`` are.
        recipes: a folder of further recipes.

    Raises:
        InputError: the corpus is not known or cannot be used, a folder cannot be listed, or a table of labels cannot be
            read.
    """
    reader = find_corpus(corpus, recipes).open_reader(folder, custom)
    tables = {_file_id(table) for table in reader.tables}
    paths = [path for path in walk(folder) if not (tables and path.is_file() and _file_id(path) in tables)]
    labels = {path: _read_labels(reader, path) for path in paths}
    unlisted = {
        path: rejection(path, NOT_LISTED, f"{path.as_posix()}: {error}")
        for path, error in labels.items()
        if isinstance(error, UnlistedError)
    }
    # What the table of a corpus names is meant, whatever it looks like.
    rejections = unlisted | reject_other_kinds(
        [path for path in paths if not (reader.tables and isinstance(labels[path], Labels))]
    )
    meant = [path for path in paths if path not in rejections]
    rows: list[dict[str, Any]] = []
    recordings: list[Recording] = []
    for path, recording in zip(meant, examine(meant, f"scan {corpus}"), strict=True):
        if isinstance(recording, AudioError):
            rejections[path] = rejection(path, recording.reason, str(recording))
            continue
        recordings.append(recording)
        found = labels[path]
        if isinstance(found, InputError):
            rejections[path] = rejection(path, IMPOSSIBLE_NAME, f"{path.as_posix()}: {found}")
            continue
        rows.append(_label_columns(corpus, reader.identify(path), found) | recording.row())
    return Scan(
        utterances=pd.DataFrame(rows, columns=list(COLUMNS)),
        rejected=pd.DataFrame([rejections[path] for path in sorted(rejections)], columns=list(REJECTED_COLUMNS)),
        conditions=tabulate(recordings).assign(corpus=corpus),
        notes=reader.notes,
    )


def rejection(path: Path, reason: str, detail: str) -> dict[str, str]:
    """Make a row of the table of rejected files."""
    return {"path": path.as_posix(), "reason": reason, "detail": detail}


def reject_other_kinds(paths: Sequence[Path]) -> dict[Path, dict[str, str]]:
    """Find the files that are plainly no recording: from each to its row in the table of rejected files."""
    kinds = {path: kind for path in paths if (kind := other_kind(path))}
    return {
        path: rejection(path, NO_RECORDING, f"{path.as_posix()}: {kind}, by its name and how it begins")
        for path, kind in kinds.items()
    }


def _read_labels(reader: LabelReader, path: Path) -> Labels | InputError:
    try:
        str(path).encode()
        return reader(path)
    except UnicodeEncodeError:
        return InputError("its name is not UTF-8, which tables are written in; rename the file")
    except InputError as error:
        return error


def _file_id(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _label_columns(corpus: str, identity: str, labels: Labels) -> dict[str, str]:
    return {
        **asdict(labels),
        "utterance_id": f"{corpus}_{identity}",
        "corpus": corpus,
        "speaker": f"{corpus}_{labels.speaker}" if labels.speaker else "",
    }
