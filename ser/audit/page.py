"""The audit as one HTML file that needs nothing but itself and the recordings."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from ser.audit.balance import UNKNOWN, count
from ser.audit.figures import draw_durations, draw_emotions, draw_levels, draw_sampling_rates
from ser.audit.findings import SEVERITIES
from ser.audit.report import WHOLE, Audit
from ser.dataset.metadata import GENDERS, order_emotions
from ser.storage import replacing

MAX_ROWS = 300
"""Findings of one kind that are shown with a player; the page says how many more there are, and where."""


def write_page(audit: Audit, path: Path, title: str) -> None:
    """Write the page.

    Players refer to the recordings by their way from the page's folder, so both must be moved together.

    Args:
        audit: what to show.
        path: the HTML file.
        title: what was audited.
    """
    environment = Environment(
        loader=PackageLoader("ser", "audit"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    root = _root(audit)
    whole = count(audit.breakdown)
    html = environment.get_template("page.html.jinja").render(
        title=title,
        audit=audit,
        genders=_genders(audit),
        corpora=_corpora(audit),
        n_speakers=whole["speakers"],
        emotions=whole["emotions"],
        speakers=_speakers(audit),
        figures=_figures(audit),
        groups=_groups(audit, path, root),
        root=root,
    )
    with replacing(path, ".html", ".htm") as sibling:
        # A name on disk may hold bytes that are no text.
        sibling.write_text(html, encoding="utf-8", errors="backslashreplace", newline="\n")


def _genders(audit: Audit) -> list[str]:
    return [*GENDERS, *([UNKNOWN] if (audit.breakdown["gender"] == UNKNOWN).any() else [])]


def _corpora(audit: Audit) -> dict[str, Any]:
    parts = {name: count(audit.breakdown[audit.breakdown["corpus"] == name]) for name in audit.corpora}
    return parts if len(parts) < 2 else parts | {WHOLE: count(audit.breakdown)}


def _speakers(audit: Audit) -> dict[str, Any]:
    """Clips of every speaker and gender (rows) per emotion (columns)."""
    emotions = order_emotions(set(audit.breakdown["emotion"]))
    table = audit.breakdown.pivot_table(
        index=["corpus", "speaker", "gender"], columns="emotion", values="clips", aggfunc="sum", fill_value=0
    )
    rows = [
        {"speaker": speaker, "gender": gender, "clips": [int(row[emotion]) for emotion in emotions]}
        for (_, speaker, gender), (_, row) in zip(table.index, table.iterrows(), strict=True)
    ]
    return {"emotions": emotions, "rows": rows}


def _figures(audit: Audit) -> list[dict[str, str]]:
    figures = []
    if not audit.breakdown.empty:
        figures.append({"caption": "Clips per emotion and gender", "svg": draw_emotions(audit.breakdown)})
    if not audit.conditions.empty:
        figures += [
            {"caption": "How long the clips are", "svg": draw_durations(audit.conditions)},
            {"caption": "How loud they are", "svg": draw_levels(audit.conditions)},
            {"caption": "Sampling rates", "svg": draw_sampling_rates(audit.conditions)},
        ]
    return figures


def _root(audit: Audit) -> str:
    """The deepest folder that all named recordings lie in, empty if there is none; their names leave it out."""
    folders = {os.path.dirname(name) for name in (*audit.conditions["path"], *audit.findings["path"]) if name}  # noqa: PTH120
    try:
        return str(os.path.commonpath(folders))
    except ValueError:  # no recording, or on different drives
        return ""


def _groups(audit: Audit, page: Path, root: str) -> list[dict[str, Any]]:
    """The findings, by kind; a row's ``source`` is where its player finds the recording, empty without one."""
    decodable = set(audit.conditions["path"])
    groups = []
    for severity in SEVERITIES:
        for kind, n in audit.counts(severity).items():
            if not n:
                continue
            shown = audit.findings[audit.findings["kind"] == kind].head(MAX_ROWS)
            rows = [
                {
                    "name": str(row.path or row.corpus).removeprefix(f"{root}/"),
                    "detail": str(row.detail).removeprefix(f"{row.path}: ").replace(f"{root}/", ""),
                    "source": address(Path(str(row.path)), page) if row.path in decodable else "",
                }
                for row in shown.itertuples()
            ]
            groups.append({"kind": kind, "severity": severity, "n": n, "n_hidden": n - len(rows), "rows": rows})
    return groups


def address(recording: Path, page: Path) -> str:
    """Relative URL of a recording, seen from a page; every byte that means something in a URL is escaped."""
    way = os.path.relpath(recording.absolute(), page.absolute().parent)
    return quote(os.fsencode(Path(way).as_posix()))
