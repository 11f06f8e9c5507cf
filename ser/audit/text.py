"""The audit as text for a terminal."""

from typing import Any

import pandas as pd

from ser.audit.balance import UNKNOWN, count
from ser.audit.findings import SEVERITIES
from ser.audit.report import WHOLE, Audit
from ser.console import printable
from ser.dataset.metadata import GENDERS

EXAMPLES = 3
"""Findings of each kind that are shown; the other outputs have all of them."""


def to_text(audit: Audit) -> str:
    """Draw the audit as aligned plain text: what there is, then what was found, the errors first."""
    blocks = [
        f"{audit.n_files:,} files, {audit.n_unusable:,} of them cannot be used",
        *([] if audit.breakdown.empty else [_corpora(audit), _emotions(audit.breakdown)]),
        _findings(audit),
    ]
    return "\n\n".join(blocks)


def _corpora(audit: Audit) -> str:
    parts = {name: audit.breakdown[audit.breakdown["corpus"] == name] for name in audit.corpora}
    if len(parts) > 1:
        parts[WHOLE] = audit.breakdown
    return _aligned([{"corpus": name} | _numbers(count(part)) for name, part in parts.items()])


def _emotions(breakdown: pd.DataFrame) -> str:
    rows = []
    for emotion, sums in count(breakdown)["emotions"].items():
        spread = sums["clips_per_speaker"]
        per_speaker = "-".join(str(n) for n in sorted({spread["fewest"], spread["most"]}))
        rows.append({"emotion": emotion} | _numbers(sums) | {"per speaker": per_speaker})
    return _aligned(rows)


def _numbers(sums: dict[str, Any]) -> dict[str, str]:
    genders = [gender for gender in (*GENDERS, UNKNOWN) if gender != UNKNOWN or sums[gender]["clips"]]
    return {
        "clips": f"{sums['clips']:,}",
        "hours": f"{sums['hours']:.2f}",
        "speakers": f"{sums['speakers']:,}",
    } | {gender: f"{sums[gender]['clips']:,}" for gender in genders}


def _aligned(rows: list[dict[str, str]]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, *([printable(row.get(column, "0")) for column in columns] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))])
        for name, *cells in lines
    )


def _findings(audit: Audit) -> str:
    if audit.findings.empty:
        return "nothing to report"
    lines = []
    for severity in SEVERITIES:
        for kind, n in audit.counts(severity).items():
            if not n:
                continue
            lines.append(f"{severity}: {kind}: {n:,}")
            shown = audit.findings[audit.findings["kind"] == kind].head(EXAMPLES)
            lines += [f"  {_line(row.path or row.corpus, row.detail)}" for row in shown.itertuples()]
            lines += [f"  and {n - EXAMPLES:,} more"] if n > EXAMPLES else []
    return "\n".join(lines)


def _line(subject: Any, detail: Any) -> str:
    """One finding; many details begin with the path themselves."""
    said = str(detail).removeprefix(f"{subject}: ")
    return printable(f"{subject}: {said}")
