"""From a folder of recordings to the metadata table, and the list of what could not be used."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ser.audio import REASONS as AUDIO_REASONS
from ser.audio import AudioError, audio_hash, decode
from ser.corpora import READERS
from ser.corpora.labels import Labels
from ser.errors import InputError
from ser.fingerprint import fingerprint
from ser.metadata import COLUMNS
from ser.params import IngestParams
from ser.progress import parallel_map

UNUSABLE_REASONS = (*AUDIO_REASONS, "impossible name", "name clash", "conflicting labels")
"""Why a file is rejected; a duplicate is not in this list, since nothing is wrong with it."""

REJECTED_COLUMNS = ("path", "reason", "detail")


@dataclass(frozen=True)
class Ingested:
    """A corpus as it was found.

    Attributes:
        metadata: one row per usable utterance, with the columns of `ser.metadata`.
        rejected: one row per file left out: its path, the reason (one of `UNUSABLE_REASONS`, or ``duplicate``), and
            what exactly was found.
    """

    metadata: pd.DataFrame
    rejected: pd.DataFrame

    @property
    def n_unusable(self) -> int:
        """Files left out because something is wrong with them."""
        return int((self.rejected["reason"] != "duplicate").sum())

    def metrics(self) -> dict[str, Any]:
        """Count what was found, and what was left out by reason."""
        reasons = self.rejected["reason"].value_counts()
        return {
            "utterances": len(self.metadata),
            "speakers": self.metadata["speaker"].nunique(),
            "minutes": round(float(self.metadata["duration"].sum()) / 60, 3),
            "emotions": {str(name): int(n) for name, n in self.metadata["emotion"].value_counts().sort_index().items()},
            "duplicates": int(reasons.get("duplicate", 0)),
            "unusable": {"total": self.n_unusable}
            | {reason.replace(" ", "_"): int(reasons.get(reason, 0)) for reason in UNUSABLE_REASONS},
        }

    def check(self, params: IngestParams, where: Path) -> None:
        """Refuse a corpus with too many unusable files, or with nothing left.

        Raises:
            InputError: more than ``params.max_rejected`` files are unusable, or all are; names the first.
        """
        unusable = self.rejected[self.rejected["reason"] != "duplicate"]
        first = f"; the first: {unusable.iloc[0]['detail']}" if len(unusable) else ""
        if len(unusable) > params.max_rejected:
            raise InputError(
                f"{where}: {len(unusable)} files cannot be used, more than ingest.max_rejected"
                f" = {params.max_rejected}{first}"
            )
        if self.metadata.empty:
            raise InputError(f"{where}: no recording of corpus '{params.corpus}' found{first}")


def ingest(folder: Path, params: IngestParams) -> Ingested:
    """Decode every file of `folder`, read its labels, and sort out what cannot be used.

    Every file is looked at, whatever its extension, since a corpus's copies differ in theirs; nothing is passed over in
    silence. Copies of one recording (the same decoded audio and the same labels) are kept once, the first path in
    order, unless ``params.keep_duplicates``. When copies of one recording carry different labels, none is kept: which
    one is right cannot be known.

    Args:
        folder: where the recordings are, at any depth.
        params: the corpus's name, and what is tolerated.
    """
    read_labels = READERS[params.corpus]
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    rows: list[dict[str, Any]] = []
    rejected: list[dict[str, str]] = []
    for path, recording in zip(paths, parallel_map(_read_recording, paths, f"ingest {folder}", "file"), strict=True):
        if isinstance(recording, AudioError):
            rejected.append(_rejected(path.as_posix(), recording.reason, str(recording)))
            continue
        try:
            labels = read_labels(path)
        except InputError as error:
            rejected.append(_rejected(path.as_posix(), "impossible name", f"{path.as_posix()}: {error}"))
            continue
        rows.append(_label_columns(path, params.corpus, labels) | recording)

    metadata = pd.DataFrame(rows, columns=list(COLUMNS))
    for find in (_conflicting_labels, _name_clashes, *(() if params.keep_duplicates else (_duplicates,))):
        found = find(metadata)
        rejected += found
        metadata = metadata[~metadata["path"].isin([one["path"] for one in found])]
    metadata = metadata.assign(utterance_id=_unique_ids(metadata["utterance_id"]))
    return Ingested(
        metadata.sort_values("utterance_id", ignore_index=True),
        pd.DataFrame(rejected, columns=list(REJECTED_COLUMNS)).sort_values("path", ignore_index=True),
    )


def _read_recording(path: Path) -> dict[str, Any] | AudioError:
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
        "speaker": f"{corpus}_{labels.speaker}",
    }


def _rejected(path: str, reason: str, detail: str) -> dict[str, str]:
    return {"path": path, "reason": reason, "detail": detail}


def _conflicting_labels(metadata: pd.DataFrame) -> list[dict[str, str]]:
    labels = metadata["emotion"] + " by " + metadata["speaker"]
    n_labels = labels.groupby(metadata["audio_hash"]).transform("nunique")
    return [
        _rejected(path, "conflicting labels", f"{path}: a copy of this recording is labelled otherwise")
        for path in metadata.loc[n_labels > 1, "path"]
    ]


def _name_clashes(metadata: pd.DataFrame) -> list[dict[str, str]]:
    n_recordings = metadata.groupby("utterance_id")["audio_hash"].transform("nunique")
    return [
        _rejected(path, "name clash", f"{path}: another recording has the same name")
        for path in metadata.loc[n_recordings > 1, "path"]
    ]


def _duplicates(metadata: pd.DataFrame) -> list[dict[str, str]]:
    first = metadata.groupby("audio_hash")["path"].transform("first")
    return [
        _rejected(path, "duplicate", f"{path}: the same recording as {kept}")
        for path, kept in zip(metadata["path"], first, strict=True)
        if path != kept
    ]


def _unique_ids(utterance_ids: pd.Series) -> pd.Series:
    """Tell kept copies apart: the second of ``ravdess_x`` becomes ``ravdess_x~2``."""
    number = utterance_ids.groupby(utterance_ids).cumcount() + 1
    return utterance_ids.where(number == 1, utterance_ids + "~" + number.astype(str))
