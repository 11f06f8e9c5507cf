"""The tables of README and docs/, in Markdown."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.cells import read_predictions
from benchmarks.table import base_ids, read_table_definition, varied_systems
from ser.evaluation.predictions import Source
from ser.presets import Preset

HONEST = "luna5"

LEFT_OUT = "others-to-"
"""How the names of splits begin that leave one corpus out."""

_WAYS = {None: "as it comes", "corpus": "told the corpus", "speaker": "told the speaker"}
"""How recordings are heard: by the statistics of train, or of the source's own recordings, which have no labels."""


def score_table(table: pd.DataFrame) -> str:
    """Markdown: one row per system and protocol."""
    names = ["system", "split", "UAR, mean ± sd", "UAR, pooled [95 %]", "accuracy, pooled [95 %]", "macro F1", "ECE"]
    lines = _head([*names, "tested on", "shared by train and test", "minutes"])
    for _, row in table.iterrows():
        spread = f"{row['uar_mean']:.3f} ± {row['uar_sd']:.3f} ({row['cells']})" if row["cells"] > 1 else "one cell"
        lines.append(
            f"| `{row['system']}` | `{row['split']}` | {spread} | {_with_interval(row, 'uar')}"
            f" | {_with_interval(row, 'accuracy')} | {row['macro_f1']:.3f} | {row['ece']:.3f}"
            f" | {row['test_clips']} clips, {row['test_speakers']} speakers | {row['shared']} | {_minutes(row)} |"
        )
        lines += [
            f"| | of which {column.removeprefix('uar_')} | | {row[column]:.3f} | | | | | | |"
            for column in table.columns
            if re.fullmatch(r"uar_(?!mean|sd|low|high).*", column) and not pd.isna(row[column])
        ]
    return "\n".join(lines)


def ablation_table(table: pd.DataFrame) -> str:
    """Markdown: what each change of a preset does to speakers never heard.

    Args:
        table: rows of `summarise`: of the preset, and of its variants.
    """
    names = ["system", "varies", "what is changed", "UAR gained [95 %]", "UAR, mean ± sd", "UAR, pooled [95 %]"]
    lines = _head([*names, "accuracy, pooled [95 %]", "ECE", "macro F1 in validation", "minutes"])
    varied = varied_systems()
    for _, row in table.sort_values("uar_mean", ascending=False).iterrows():
        of, changed = varied.get(row["system"], ("", ""))
        gained = "" if pd.isna(row["gained"]) else _with_interval(row, "gained", "+.3f")
        lines.append(
            f"| `{row['system']}` | {of and f'`{of}`'} | {changed} | {gained}"
            f" | {row['uar_mean']:.3f} ± {row['uar_sd']:.3f} ({row['cells']}) | {_with_interval(row, 'uar')}"
            f" | {_with_interval(row, 'accuracy')} | {row['ece']:.3f} | {row['validation_macro_f1']:.3f}"
            f" | {_minutes(row)} |"
        )
    return "\n".join(lines)


def costs_table(costs: dict[str, Any], table: pd.DataFrame) -> str:
    """Markdown: what each system takes in training and in use.

    Args:
        costs: of `benchmarks.costs`.
        table: of `summarise`.
    """
    lines = _head(["system", "parameters", "multiply-adds", "file", "training, one fold", "one clip"])
    for system, cost in costs.items():
        own = table[table["system"] == system]
        own = own[own["split"] == HONEST] if HONEST in set(own["split"]) else own
        minutes = "not run yet" if own.empty else _minutes(own.iloc[0], " min")
        lines.append(
            f"| `{system}` | {cost['parameters']:,} | {cost['multiply_adds'] / 1e6:,.1f} million | {cost['file_mb']} MB"
            f" | {minutes} | {cost['milliseconds']} ms |"
        )
    return "\n".join(lines)


def copies_table(folder: Path) -> str:
    """Markdown: what is recognised under `kaggle_leaky`, apart for test clips whose second copy is in test too.

    Args:
        folder: the cells of a system.
    """
    table = pd.concat(
        [read_predictions(path).assign(cell=path.stem) for path in sorted(folder.glob("kaggle_leaky-*.csv"))]
    )
    together = table.assign(recording=base_ids(table["utterance_id"])).duplicated(["cell", "recording"], keep=False)
    lines = _head(["test clips", "recognised", "of"])
    for label, chosen in (
        ("whose copy was trained on or validated with", table[~together]),
        ("whose copy is in test too", table[together]),
    ):
        right = (chosen["predicted"] == chosen["emotion"]).mean()
        lines.append(f"| {label} | {right:.1%} | {len(chosen)} |")
    return "\n".join(lines)


def adapted_table(table: pd.DataFrame, adapted: Mapping[Source, pd.DataFrame]) -> str:
    """Markdown: what it is worth to be told the source; one row per system and protocol.

    Args:
        table: rows of `summarise`, as they come.
        adapted: the same systems and protocols, by what each was adapted to.
    """
    lines = _head(["system", "split", *(f"{name}: UAR [95 %], ECE" for name in _WAYS.values())])
    for _, row in table.iterrows():
        ways = [row, *(find_row(adapted[source], row["system"], row["split"]) for source in adapted)]
        figures = [f"{_with_interval(way, 'uar')}, {way['ece']:.3f}" if way is not None else "" for way in ways]
        lines.append(f"| `{row['system']}` | `{row['split']}` | {' | '.join(figures)} |")
    return "\n".join(lines)


def left_out_table(table: pd.DataFrame, adapted: Mapping[Source, pd.DataFrame]) -> str:
    """Markdown: each corpus left out in turn, as it comes and told the source.

    Args:
        table: rows of `summarise`, as they come.
        adapted: likewise, by what each system was adapted to.
    """
    found = left_out(table, adapted)
    corpora = [name for name in found.columns if name not in ("system", "way")]
    lines = _head(["system", "heard", *(f"`{name}`" for name in corpora), "mean UAR", "mean ECE"])
    for (system, way), rows in found.groupby(["system", "way"], sort=False):
        cells = [rows[name].iloc[0] for name in corpora]
        figures = [f"{_with_interval(cell, 'uar')}, {cell['ece']:.2f}" for cell in cells]
        means = (sum(cell[name] for cell in cells) / len(cells) for name in ("uar", "ece"))
        lines.append(
            f"| `{system}` | {way} | {' | '.join(figures)} | {' | '.join(f'**{mean:.3f}**' for mean in means)} |"
        )
    return "\n".join(lines)


def left_out(table: pd.DataFrame, adapted: Mapping[Source, pd.DataFrame]) -> pd.DataFrame:
    """One row per system and way of hearing, of systems that were trained with every corpus left out.

    Args:
        table: rows of `summarise`, as they come.
        adapted: likewise, by what each system was adapted to.

    Returns:
        system, way, and for each corpus, by its name, the row of `summarise`.
    """
    splits = [name for name in read_table_definition().splits if name.startswith(LEFT_OUT)]
    rows = []
    for way, scores in zip(_WAYS.values(), (table, *adapted.values()), strict=True):
        for system in scores["system"].unique():
            cells = {split.removeprefix(LEFT_OUT): find_row(scores, system, split) for split in splits}
            if all(cell is not None for cell in cells.values()):
                rows.append({"system": system, "way": way} | cells)
    return pd.DataFrame(rows, columns=["system", "way", *(split.removeprefix(LEFT_OUT) for split in splits)])


def _minutes(row: pd.Series, unit: str = "") -> str:
    return "on a GPU" if pd.isna(row["minutes"]) else f"{row['minutes']:.1f}{unit}"


def _with_interval(row: pd.Series, score: str, form: str = ".3f") -> str:
    return f"{row[score]:{form}} [{row[f'{score}_low']:{form}}, {row[f'{score}_high']:{form}}]"


def _head(names: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]


def claims_table(table: pd.DataFrame, presets: Sequence[Preset], docs: str) -> str:
    """Markdown: what each system claims, and what it gives here, under its own protocol and on speakers never heard.

    Args:
        table: of `summarise`.
        presets: the systems.
        docs: the path from the document to docs/, with a slash at its end unless empty.
    """
    names = ["system", "published claim", "accuracy here, split as published", "stratified random split"]
    lines = _head([*names, "speakers never heard", "lost on new speakers"])
    for preset in presets:
        own, random, honest = (
            find_row(table, preset.name, split) for split in (own_split(preset), "stratified_80_10_10", HONEST)
        )
        figures = ["not run yet" if row is None else _with_interval(row, "accuracy") for row in (own, random, honest)]
        gap = "" if own is None or honest is None else f"{100 * (own['accuracy'] - honest['accuracy']):.0f} points"
        claim = preset.about.published.claim if preset.about.published else "no figure"
        if preset.about.origin == "ours":
            claim, figures[0], gap = "ours", "", ""
        lines.append(f"| [`{preset.name}`]({docs}systems/{preset.name}.md) | {claim} | {' | '.join(figures)} | {gap} |")
    return "\n".join(lines)


def own_split(preset: Preset) -> str:
    """The split of the table that is nearest to what the system was published with."""
    values = {setting.key: setting.value for setting in preset.settings}
    corpora = set(values["ingest.corpora"]) & {"ravdess", "tess"}  # CREMA-D's recordings cannot be had here
    return ("both-" if len(corpora) > 1 else "") + str(values["split.protocol"])


def find_row(table: pd.DataFrame, system: str, split: str) -> pd.Series | None:
    """The row of a system under a protocol, if there is one."""
    found = table[(table["system"] == system) & (table["split"] == split)]
    return found.iloc[0] if len(found) else None
