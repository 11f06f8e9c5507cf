"""The audit of a corpus, or of several: everything found, counted and listed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ser.audio.containers import find_container, mismatch
from ser.audit.balance import break_down, count, describe_balance
from ser.audit.condition import describe
from ser.audit.findings import ERROR, FINDINGS, NOTE, SEVERITIES, WARNING, Finding, Limits
from ser.dataset.condition import Condition
from ser.dataset.copies import ALTERED_COPY, DUPLICATE, find_copies, find_near_identical

FINDING_COLUMNS = ("corpus", "path", "kind", "severity", "detail")
WHOLE = "all"
"""What stands for all corpora together in a report."""


@dataclass(frozen=True)
class Audit:
    """What was found in one corpus or several.

    Attributes:
        conditions: the table of `ser.dataset.recordings.tabulate`, with each recording's ``corpus`` (empty when its
            labels could not be read, or were not asked for).
        breakdown: clips and hours per corpus, emotion, gender and speaker, of the usable utterances.
        findings: `FINDING_COLUMNS`; the gravest first, then in the vocabulary's order, then by path. ``path`` is empty
            where a finding is about labels and not about one file.
        n_files: how many files were looked at.
        notes: what was odd in the table that labels the corpus.
    """

    conditions: pd.DataFrame
    breakdown: pd.DataFrame
    findings: pd.DataFrame
    n_files: int
    notes: tuple[str, ...] = ()

    @property
    def corpora(self) -> list[str]:
        """Names of the corpora with usable utterances."""
        return sorted(self.breakdown["corpus"].unique())

    @property
    def n_unusable(self) -> int:
        """Files that cannot be used."""
        errors = self.findings[(self.findings["severity"] == ERROR) & (self.findings["path"] != "")]
        return int(errors["path"].nunique())

    def counts(self, severity: str) -> dict[str, int]:
        """Number of findings of every kind of one severity, those that were not met included."""
        met = self.findings["kind"].value_counts()
        return {kind: int(met.get(kind, 0)) for kind, grade in FINDINGS.items() if grade == severity}

    def summary(self) -> dict[str, Any]:
        """How many files were looked at, cannot be used or were flagged, and the findings by kind."""
        flagged = self.findings[(self.findings["severity"] != NOTE) & (self.findings["path"] != "")]
        return {
            "files": self.n_files,
            "unusable": self.n_unusable,
            "flagged": int(flagged["path"].nunique()),
            "errors": _as_keys(self.counts(ERROR)),
            "warnings": _as_keys(self.counts(WARNING)),
            "notes": _as_keys(self.counts(NOTE)),
        }

    def to_json(self) -> dict[str, Any]:
        """Nested, finite numbers: the summary, how the files were recorded, and what each corpus holds."""
        parts = {name: self.breakdown[self.breakdown["corpus"] == name] for name in self.corpora}
        return self.summary() | {
            "recordings": self._recordings(),
            "corpora": {WHOLE: count(self.breakdown)} | {name: count(part) for name, part in parts.items()},
        }

    def _recordings(self) -> dict[str, Any]:
        """How the decodable files were recorded: rates, channels, and the spread of length and level."""
        if self.conditions.empty:
            return {}
        spread: dict[str, Any] = {
            str(name): dict(zip(("percentile_5", "median", "percentile_95"), values.tolist(), strict=True))
            for name, values in self.conditions[["duration", "rms_db", "peak_db"]]
            .quantile([0.05, 0.5, 0.95])
            .round(3)
            .items()
        }
        return {
            "sampling_rates": _tally(self.conditions["sampling_rate"]),
            "channels": _tally(self.conditions["channels"]),
            "containers": _tally(self.conditions["container"].replace("", "unknown")),
            **spread,
        }


def audit_tables(
    metadata: pd.DataFrame, rejected: pd.DataFrame, conditions: pd.DataFrame, limits: Limits | None = None
) -> Audit:
    """Audit what the ingest stage found.

    Args:
        metadata: the table of `ser.dataset.metadata`, of the usable utterances; may be empty where labels are not
            known.
        rejected: path, reason and detail of every file left out; which corpus it is of is taken from a column
            ``corpus``, if there is one here or in `conditions`.
        conditions: the table of `ser.dataset.recordings.tabulate`, of every file that can be decoded, used or not, so
            that copies are found among those left out as well.
        limits: where a measured value becomes a finding.
    """
    limits = limits or Limits()
    corpora = dict(zip(metadata["path"], metadata["corpus"], strict=True))
    for table in (rejected, conditions):
        if "corpus" in table:
            corpora |= dict(zip(table["path"], table["corpus"], strict=True))
    if "corpus" not in rejected and len(names := metadata["corpus"].unique()) == 1:
        corpora |= dict.fromkeys(rejected["path"], names[0])
    conditions = conditions.assign(corpus=[corpora.get(path, "") for path in conditions["path"]])
    breakdown = break_down(metadata)
    rows = [
        *_rejections(rejected),
        *_copies(conditions, rejected),
        *_conditions(conditions, limits),
    ]
    findings = [(corpora.get(path, ""), path, found.kind, found.severity, found.detail) for path, found in rows]
    for corpus, part in breakdown.groupby("corpus"):
        findings += [(corpus, "", found.kind, found.severity, found.detail) for found in describe_balance(part, limits)]
    if len(breakdown["corpus"].unique()) > 1:
        # What one speaker lacks is already said of his corpus.
        whole = [found for found in describe_balance(breakdown, limits) if found.kind not in _PER_SPEAKER]
        findings += [(WHOLE, "", found.kind, found.severity, found.detail) for found in whole]
    return Audit(
        conditions=conditions,
        breakdown=breakdown,
        findings=_in_order(
            pd.DataFrame(findings, columns=list(FINDING_COLUMNS)).drop_duplicates(["corpus", "path", "kind", "detail"])
        ),
        n_files=len(set(conditions["path"]) | set(rejected["path"])),
    )


_PER_SPEAKER = ("missing emotion", "unknown gender", "unknown speaker", "two genders")


def _rejections(rejected: pd.DataFrame) -> list[tuple[str, Finding]]:
    found = []
    for row in rejected.itertuples():
        found.append((str(row.path), Finding(str(row.reason), str(row.detail))))
        path = Path(str(row.path))
        if row.reason == "not audio" and (wrong := mismatch(path, find_container(path))):
            found.append((str(row.path), Finding("wrong container", wrong)))
    return found


def _copies(conditions: pd.DataFrame, rejected: pd.DataFrame) -> list[tuple[str, Finding]]:
    """Copies that were not rejected as such: those kept, and those among files left out for another reason."""
    copies = find_copies(conditions)
    found = pd.concat([copies, find_near_identical(conditions.drop(copies.index))])
    said = rejected.loc[rejected["reason"].isin([DUPLICATE, ALTERED_COPY]), "path"]
    found = found[~found["path"].isin(said)]
    return [
        (path, Finding(kind, detail))
        for path, kind, detail in zip(found["path"], found["kind"], found["detail"], strict=True)
    ]


def _conditions(conditions: pd.DataFrame, limits: Limits) -> list[tuple[str, Finding]]:
    fields = list(Condition.__dataclass_fields__)
    found = [
        (path, finding)
        for path, *values in conditions[["path", *fields]].itertuples(index=False)
        for finding in describe(Condition(*values), Path(path), limits)
    ]
    odd = conditions[conditions["odd"] != ""]
    found += [(path, Finding("odd file", detail)) for path, detail in zip(odd["path"], odd["odd"], strict=True)]
    for _, part in conditions.groupby("corpus"):
        usual = part["sampling_rate"].mode().iloc[0]
        found += [
            (row.path, Finding("mixed sampling rates", f"{row.sampling_rate:,} Hz, where most have {usual:,} Hz"))
            for row in part[part["sampling_rate"] != usual].itertuples()
        ]
    return found


def _in_order(findings: pd.DataFrame) -> pd.DataFrame:
    place = {kind: number for number, kind in enumerate(sorted(FINDINGS, key=_gravity))}
    return (
        findings.assign(place=findings["kind"].map(place))
        .sort_values(["place", "corpus", "path", "detail"], ignore_index=True)
        .drop(columns="place")
    )


def _gravity(kind: str) -> int:
    return SEVERITIES.index(FINDINGS[kind])


def _as_keys(counts: dict[str, int]) -> dict[str, int]:
    return {kind.replace(" ", "_").replace("-", "_"): n for kind, n in counts.items()}


def _tally(values: pd.Series) -> dict[str, int]:
    return {str(value): int(n) for value, n in values.value_counts().sort_index().items()}
