"""From a corpus's folder to what every file in it is: a labelled recording, or something that cannot be used."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ser.audio.limits import AudioError
from ser.audit.recordings import Recording, examine, tabulate
from ser.corpora import CORPORA
from ser.corpora.labels import Labels
from ser.errors import InputError
from ser.metadata import COLUMNS
from ser.params import CustomParams
from ser.scans import IMPOSSIBLE_NAME, REJECTED_COLUMNS, Scan


def scan(folder: Path, corpus: str, custom: CustomParams | None) -> Scan:
    """Decode every file of `folder` and read its labels.

    Every file is looked at, whatever its extension, since a corpus's copies differ in theirs; nothing is passed over in
    silence but the CSV that labels a custom corpus.

    Args:
        folder: where the recordings are, at any depth.
        corpus: a name in `ser.corpora.CORPORA`.
        custom: where the labels of the corpus ``custom`` are.

    Raises:
        InputError: the labels of a custom corpus cannot be read.
    """
    read_labels = CORPORA[corpus].open_reader(folder, custom)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if custom and corpus == "custom" and custom.csv:
        paths.remove(folder / custom.csv)
    recordings: list[Recording] = []
    rows: list[dict[str, Any]] = []
    rejected: list[dict[str, str]] = []
    for path, recording in zip(paths, examine(paths, f"scan {corpus}"), strict=True):
        name = path.as_posix()
        if isinstance(recording, AudioError):
            rejected.append({"path": name, "reason": recording.reason, "detail": str(recording)})
            continue
        recordings.append(recording)
        try:
            labels = read_labels(path)
        except InputError as error:
            rejected.append({"path": name, "reason": IMPOSSIBLE_NAME, "detail": f"{name}: {error}"})
            continue
        identity = CORPORA[corpus].identify(path.relative_to(folder))
        rows.append(_label_columns(corpus, identity, labels) | recording.row())
    return Scan(
        utterances=pd.DataFrame(rows, columns=list(COLUMNS)),
        rejected=pd.DataFrame(rejected, columns=list(REJECTED_COLUMNS)),
        conditions=tabulate(recordings).assign(corpus=corpus),
    )


def _label_columns(corpus: str, identity: str, labels: Labels) -> dict[str, str]:
    return {
        **asdict(labels),
        "utterance_id": f"{corpus}_{identity}",
        "corpus": corpus,
        "speaker": f"{corpus}_{labels.speaker}" if labels.speaker else "",
    }
