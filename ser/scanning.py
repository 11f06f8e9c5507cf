"""From a corpus's folder to what every file in it is: a labelled recording, or something that cannot be used."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ser.audio import AudioError, audio_hash, decode
from ser.corpora import CORPORA
from ser.corpora.labels import Labels
from ser.errors import InputError
from ser.fingerprint import fingerprint
from ser.metadata import COLUMNS
from ser.params import CustomParams
from ser.progress import parallel_map
from ser.scans import IMPOSSIBLE_NAME, REJECTED_COLUMNS, Scan


def scan(folder: Path, corpus: str, custom: CustomParams) -> Scan:
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
    if corpus == "custom" and custom.csv:
        paths.remove(folder / custom.csv)
    rows: list[dict[str, Any]] = []
    rejected: list[dict[str, str]] = []
    for path, recording in zip(paths, parallel_map(read_recording, paths, f"scan {corpus}", "file"), strict=True):
        name = path.as_posix()
        if isinstance(recording, AudioError):
            rejected.append({"path": name, "reason": recording.reason, "detail": str(recording)})
            continue
        try:
            labels = read_labels(path)
        except InputError as error:
            rejected.append({"path": name, "reason": IMPOSSIBLE_NAME, "detail": f"{name}: {error}"})
            continue
        rows.append(_label_columns(path, corpus, labels) | recording)
    return Scan(pd.DataFrame(rows, columns=list(COLUMNS)), pd.DataFrame(rejected, columns=list(REJECTED_COLUMNS)))


def read_recording(path: Path) -> dict[str, Any] | AudioError:
    """Columns of the metadata table that come from the audio, or why there are none (an error, not raised)."""
    try:
        samples, sampling_rate = decode(path)
    except AudioError as error:
        return error
    return {
        "sampling_rate": sampling_rate,
        "channels": samples.shape[1],
        "duration": round(len(samples) / sampling_rate, 6),
        "audio_hash": audio_hash(samples, sampling_rate),
        "fingerprint": fingerprint(samples, sampling_rate),
    }


def _label_columns(path: Path, corpus: str, labels: Labels) -> dict[str, str]:
    return {
        **asdict(labels),
        "utterance_id": f"{corpus}_{path.stem}",
        "corpus": corpus,
        "path": path.as_posix(),
        "speaker": f"{corpus}_{labels.speaker}" if labels.speaker else "",
    }
