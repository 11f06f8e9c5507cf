"""From scanned corpora to one metadata table: common emotions, no recording twice, nothing left out in silence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ser.dataset.copies import ALTERED_COPY, DUPLICATE, find_copies
from ser.dataset.metadata import COLUMNS, EMOTIONS
from ser.dataset.scans import NOT_MEANT_REASONS, SCAN_REASONS, Scan, describe_rejected
from ser.errors import InputError
from ser.params import MAX_EMOTIONS, IngestParams

CONFLICTING_LABELS, NAME_CLASH = "conflicting labels", "name clash"
LEFT_OUT, NOT_SHARED = "left out by relabel", "emotion not shared"

UNUSABLE_REASONS = (*SCAN_REASONS, CONFLICTING_LABELS, NAME_CLASH)
"""Why a file is rejected because something is wrong with it."""

OTHER_REASONS = (DUPLICATE, ALTERED_COPY, LEFT_OUT, NOT_SHARED, *NOT_MEANT_REASONS)
"""Why a file is left out although nothing is wrong with it."""


_REMEDY = "the table of rejected files says what each is: mend them or move them away"


@dataclass(frozen=True)
class Ingested:
    """The corpora as one.

    Attributes:
        metadata: one row per usable utterance, sorted by utterance_id, with the columns of `ser.dataset.metadata`.
        rejected: one row per file left out, sorted by path: its path, the reason (one of `UNUSABLE_REASONS` or
            `OTHER_REASONS`), and what exactly was found.
    """

    metadata: pd.DataFrame
    rejected: pd.DataFrame

    def metrics(self) -> dict[str, Any]:
        """Count what was found, for each corpus and in all, and what was left out by reason."""
        reasons = self.rejected["reason"].value_counts()

        def counted(names: Sequence[str]) -> dict[str, int]:
            return {name.replace(" ", "_"): int(reasons.get(name, 0)) for name in names}

        counts = counted(UNUSABLE_REASONS)
        return {
            "all": _contents(self.metadata),
            **{str(corpus): _contents(rows) for corpus, rows in self.metadata.groupby("corpus")},
            "unusable": {"total": sum(counts.values())} | counts,
            "left_out": counted(OTHER_REASONS),
        }

    def check(self, params: IngestParams) -> None:
        """Refuse corpora with too many unusable files, or with nothing to tell apart.

        Raises:
            InputError: more than ``params.max_rejected`` files are unusable, or all are; counts them.
                Or one emotion alone is left.
        """
        unusable = self.rejected[self.rejected["reason"].isin(UNUSABLE_REASONS)]
        if len(unusable) > params.max_rejected:
            raise InputError(
                f"{len(unusable):,} files cannot be used, more than ingest.max_rejected = {params.max_rejected}:"
                f" {describe_rejected(unusable)}; {_REMEDY}, or raise ingest.max_rejected"
            )
        if self.metadata.empty:
            found = f": {describe_rejected(self.rejected)}; {_REMEDY}" if len(self.rejected) else ""
            raise InputError(f"no usable recording of {', '.join(params.corpora)} found{found}")
        emotions = self.metadata["emotion"].unique()
        if len(emotions) == 1:
            corpora = ", ".join(params.corpora)
            raise InputError(f"{corpora}: expected recordings of at least two emotions, found '{emotions[0]}' alone")


def ingest(scans: Sequence[Scan], params: IngestParams) -> Ingested:
    """Put corpora together.

    Emotions are renamed by ``params.relabel``; what maps to nothing is left out, and with ``params.emotions`` =
    ``intersection`` also what not all corpora have. Copies of one recording with the same labels, in one corpus or in
    two, are kept once, unless ``params.keep_duplicates``; what a copy is, and which one is kept, says
    `ser.dataset.copies.find_copies`. When copies carry different labels, or two recordings of a corpus the same name,
    none is kept: which one is right cannot be known.

    Args:
        scans: of the corpora that ``params`` names, in that order.
        params: the common emotions, and what is tolerated.

    Raises:
        InputError: an emotion is neither a common one nor relabelled (lists them all), one to be relabelled does not
            occur, or there are more than `MAX_EMOTIONS`.
    """
    metadata = pd.concat([found.utterances for found in scans], ignore_index=True)
    metadata["emotion"] = _relabelled(metadata["emotion"], params)
    return _settle(
        scans,
        metadata,
        _left_out,
        _conflicting_labels,
        _name_clashes,
        *([] if params.keep_duplicates else [_copies]),
        *([_not_shared] if params.emotions == "intersection" else []),
    )


def settle_copies(found: Scan) -> Ingested:
    """Sort out the copies of one corpus as `ingest` does, and keep its own emotions."""
    return _settle([found], found.utterances, _conflicting_labels, _name_clashes, _copies)


def _settle(scans: Sequence[Scan], metadata: pd.DataFrame, *steps: Callable[[pd.DataFrame], pd.DataFrame]) -> Ingested:
    """Move what each step finds from the metadata to the rejected files; make the ids of what stays unique.

    Steps see the metadata with what `find_copies` looks at, and with ``recording``, which copies have in common.
    """
    conditions = pd.concat([found.conditions for found in scans], ignore_index=True)
    metadata = metadata.merge(conditions[["path", "signal_hash", "container", "rms_db"]], on="path", validate="1:1")
    metadata["recording"] = find_copies(metadata)["original"].combine_first(metadata["path"])
    rejected = [found.rejected for found in scans]
    for find in steps:
        found = find(metadata)
        rejected.append(found)
        metadata = metadata.drop(found.index)
    metadata = metadata[list(COLUMNS)].assign(utterance_id=_unique_ids(metadata["utterance_id"]))
    return Ingested(
        metadata.sort_values("utterance_id", ignore_index=True),
        pd.concat(rejected).sort_values("path", ignore_index=True),
    )


def _relabelled(emotions: pd.Series, params: IngestParams) -> pd.Series:
    found = set(emotions)
    unknown = sorted(found - set(EMOTIONS) - set(params.relabel))
    if unknown:
        raise InputError(
            f"params.yaml: ingest.relabel: emotions {', '.join(unknown)} are not among {', '.join(EMOTIONS)}:"
            " give each its common name, or null to leave it out"
        )
    absent = sorted(set(params.relabel) - found)
    if absent:
        raise InputError(
            f"params.yaml: ingest.relabel: '{absent[0]}' is no emotion of the corpora: {', '.join(sorted(found))}"
        )
    common = emotions.map(lambda emotion: params.relabel.get(emotion, emotion))
    if common.nunique() > MAX_EMOTIONS:
        raise InputError(
            f"params.yaml: ingest.relabel: expected at most {MAX_EMOTIONS} emotions, found {common.nunique()};"
            " is the column of the emotion the right one?"
        )
    return common


def _rejected(rows: pd.DataFrame, reason: pd.Series | str, detail: pd.Series | str) -> pd.DataFrame:
    """Say why rows of the metadata are left out; keeps their index."""
    return pd.DataFrame({"path": rows["path"], "reason": reason, "detail": rows["path"] + ": " + detail})


def _left_out(metadata: pd.DataFrame) -> pd.DataFrame:
    return _rejected(metadata[metadata["emotion"].isna()], LEFT_OUT, "ingest.relabel maps its emotion to nothing")


def _conflicting_labels(metadata: pd.DataFrame) -> pd.DataFrame:
    n_emotions = metadata.groupby("recording")["emotion"].transform("nunique")
    # A corpus may not say who speaks: that is no conflict.
    speakers = metadata["speaker"].where(metadata["speaker"] != "").groupby([metadata["recording"], metadata["corpus"]])
    conflict = (n_emotions > 1) | (speakers.transform("nunique") > 1)
    return _rejected(metadata[conflict], CONFLICTING_LABELS, "a copy of this recording is labelled otherwise")


def _name_clashes(metadata: pd.DataFrame) -> pd.DataFrame:
    n_recordings = metadata.groupby("utterance_id")["recording"].transform("nunique")
    return _rejected(metadata[n_recordings > 1], NAME_CLASH, "another recording has the same name")


def _copies(metadata: pd.DataFrame) -> pd.DataFrame:
    copies = find_copies(metadata)  # anew: the first original may be gone
    return _rejected(copies, copies["kind"], copies["detail"])


def _not_shared(metadata: pd.DataFrame) -> pd.DataFrame:
    n_corpora = metadata.groupby("emotion")["corpus"].transform("nunique")
    return _rejected(metadata[n_corpora < metadata["corpus"].nunique()], NOT_SHARED, "not all corpora have its emotion")


def _unique_ids(utterance_ids: pd.Series) -> pd.Series:
    """Tell kept copies apart: the second of ``ravdess_x`` becomes ``ravdess_x~2``."""
    number = utterance_ids.groupby(utterance_ids).cumcount() + 1
    return utterance_ids.where(number == 1, utterance_ids + "~" + number.astype(str))


def _contents(metadata: pd.DataFrame) -> dict[str, Any]:
    return {
        "utterances": len(metadata),
        "speakers": int(metadata.loc[metadata["speaker"] != "", "speaker"].nunique()),
        "minutes": round(float(metadata["duration"].sum()) / 60, 3),
        "emotions": {str(name): int(n) for name, n in metadata["emotion"].value_counts().sort_index().items()},
    }
