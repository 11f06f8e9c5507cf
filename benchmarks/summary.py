"""From the cells to the tables and the picture of README and docs/.

python -m benchmarks.summary
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import typer
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchmarks.cells import CELLS
from benchmarks.documents import write_block
from benchmarks.table import AUDITS, TOP, base_ids, read_table_definition, varied_preset
from ser.dataset.leaks import describe_leaks
from ser.dataset.metadata import order_emotions
from ser.dataset.splits import FOLDED
from ser.errors import user_errors
from ser.evaluation.bootstrap import interval_95, resample_speakers
from ser.evaluation.metrics import confusion_matrices, score_predictions, uar
from ser.params import EvaluateParams, load_params
from ser.plots.style import BLUE, GREY, ORANGE, VERMILLION, save_figure
from ser.presets import Preset, list_presets
from ser.storage import read_json, read_table, write_table

TABLE = TOP / "benchmarks" / "results" / "table.csv"
COSTS = TOP / "benchmarks" / "results" / "costs.json"
PICTURE = TOP / "benchmarks" / "results" / "claims.png"
HONEST = "luna5"
PREDICTIONS = dict.fromkeys(("utterance_id", "corpus", "speaker", "gender", "emotion", "predicted"), str)
SCORES = {"uar": "UAR", "accuracy": "accuracy", "macro_f1": "macro F1"}


def main() -> None:
    """Score all cells, write benchmarks/results/, and fill in README and docs/."""
    with user_errors():
        table = summarise(CELLS, AUDITS, load_params(EvaluateParams))
        presets = list_presets(TOP / "presets")
        write_table(table, TABLE)
        draw_claims(table, presets, PICTURE)
        for path, name, block in blocks(table, presets):
            write_block(path, name, block)
        typer.echo(f"{TABLE}: {len(table)} rows of {int(table['cells'].sum())} cells")


def blocks(table: pd.DataFrame, presets: Sequence[Preset]) -> list[tuple[Path, str, str]]:
    """Say what stands where: the document, the name of the block, its text."""
    results = TOP / "docs" / "results.md"
    one_corpus = ~table["split"].map(lambda name: len(table_corpora(name)) > 1)
    definition = read_table_definition()
    variants = definition.variants
    preset = table["system"].isin({preset.name for preset in presets})
    varied = table["system"].isin(variants)
    averaged = {averaged_name(name, len(definition.seeds)) for name in definition.averaged}
    ours = {preset.name for preset in presets if preset.about.origin == "ours"}
    varied_ours = {name for name in variants if varied_preset(name) in ours}
    ablated = table["system"].isin(ours | averaged | varied_ours)
    elsewhere = table["system"].isin(varied_ours) & (table["split"] != HONEST)
    return [
        (TOP / "README.md", "figures", claims_table(table, presets, "docs/")),
        (results, "claims", claims_table(table, presets, "")),
        (
            results,
            "systems",
            score_table(table[(preset | elsewhere | table["system"].isin(averaged)) & one_corpus]),
        ),
        (results, "corpora", score_table(table[preset & ~one_corpus])),
        (results, "variants", score_table(table[varied & ~ablated])),
        (results, "ablations", ablation_table(table[ablated & (table["split"] == HONEST)])),
        (results, "toolkits", score_table(table[~preset & ~varied & ~ablated])),
        (results, "costs", costs_table(read_json(COSTS), table)),
        (TOP / "docs" / "systems" / "mfcc-3conv.md", "copies", copies_table(CELLS / "mfcc-3conv")),
        *(
            (
                TOP / "docs" / "systems" / f"{preset.name}.md",
                "figures",
                score_table(table[table["system"] == preset.name]),
            )
            for preset in presets
        ),
    ]


def table_corpora(split: str) -> tuple[str, ...]:
    """The corpora of a split, or of the first fold of a protocol."""
    splits = read_table_definition().splits
    return splits[split if split in splits else f"{split}-0"].corpora


def summarise(cells: Path, audits: Path, params: EvaluateParams) -> pd.DataFrame:
    """One row per system and protocol.

    Folds of one protocol are pooled; a seed counts once all its folds are there. ``mean`` and ``sd`` are over the
    cells, folds times seeds; the figures without suffix are of all their predictions together, ``low`` and ``high``
    their 95 % interval over resampled speakers.

    Args:
        cells: the folder SYSTEM/SPLIT-SEED.json, with the predictions beside each.
        audits: the folder SPLIT-SEED.json of what the splits' subsets share.
        params: how the intervals are made.

    Raises:
        InputError: a file is damaged.
    """
    rows = []
    predictions: dict[tuple[str, str], pd.DataFrame] = {}
    definition = read_table_definition()
    for folder in sorted(path for path in cells.iterdir() if path.is_dir()):
        for split, paths in _groups(folder).items():
            found = [_Cell(read_json(path), _read_predictions(path.with_suffix(".csv"))) for path in paths]
            audit = read_json(audits / paths[0].name)
            seeds = len({path.stem.rpartition("-")[2] for path in paths})
            ways = {folder.name: (seeds, found)}
            if folder.name in definition.averaged and len(definition.seeds) == seeds < len(paths):
                ways[averaged_name(folder.name, seeds)] = (1, _averaged(found, seeds, params))
            for system, (of_seeds, its) in ways.items():
                predictions[system, split] = pd.concat([cell.predictions for cell in its])
                rows.append({"system": system, "split": split, "seeds": of_seeds} | _row(its, audit, params))
    varied = _varied()
    for row in rows:
        system, split = row["system"], row["split"]
        plain = predictions.get((varied[system][0], split)) if system in varied else None
        if plain is not None and set(plain["utterance_id"]) == set(predictions[system, split]["utterance_id"]):
            row.update(uar_gained(predictions[system, split], plain, params))
    return pd.DataFrame(rows).round(6)


def uar_gained(predictions: pd.DataFrame, others: pd.DataFrame, params: EvaluateParams) -> dict[str, float]:
    """Say how much higher the UAR of one system is than that of another, tested on the same speakers.

    The interval is of the difference, both scored on the same resampled speakers: a hard speaker is hard for both, so
    that it is narrower than those of the two scores.

    Args:
        predictions: of the one, of all folds and seeds.
        others: of the other.
        params: how the interval is made.

    Returns:
        gained, gained_low and gained_high, the 95 % interval.
    """
    classes = order_emotions(set(predictions["emotion"]))
    scores, resampled = [], []
    for table in (predictions, others):
        actual, predicted = (pd.Categorical(table[column], classes).codes for column in ("emotion", "predicted"))
        speakers = table.groupby(["corpus", "speaker"]).ngroup().to_numpy()
        matrices = confusion_matrices(actual, predicted, speakers, len(classes))
        scores.append(float(uar(matrices.sum(axis=0))))
        resampled.append(uar(resample_speakers(matrices, params)))
    interval = interval_95(resampled[0] - resampled[1])
    return {"gained": scores[0] - scores[1], "gained_low": interval["low"], "gained_high": interval["high"]}


def averaged_name(system: str, seeds: int) -> str:
    """What the mean of a system's seeds is called."""
    return f"{system}-x{seeds}"


class _Cell(NamedTuple):
    scores: dict[str, Any]
    predictions: pd.DataFrame


def _averaged(cells: Sequence[_Cell], seeds: int, params: EvaluateParams) -> list[_Cell]:
    """For every published fold, one cell of the mean probabilities of its seeds.

    Args:
        cells: all folds of the first seed, all of the next, and so on.
        seeds: how many.
        params: how the intervals are made.
    """
    n_folds = len(cells) // seeds
    together = []
    for same_fold in (cells[fold::n_folds] for fold in range(n_folds)):
        tables = [cell.predictions.set_index("utterance_id") for cell in same_fold]
        likely = [name for name in tables[0] if name.startswith("p_")]
        mean = tables[0].copy()
        mean[likely] = sum(table.loc[mean.index, likely] for table in tables) / seeds
        mean["predicted"] = mean[likely].idxmax(axis=1).str.removeprefix("p_")
        predictions = mean.reset_index()
        scores = score_predictions(predictions, order_emotions(set(predictions["emotion"])), params)
        costs = pd.DataFrame([cell.scores["costs"] for cell in same_fold])
        total = dict(costs[["minutes", "weights"]].sum()) | dict(costs[["validation_macro_f1"]].mean())
        together.append(_Cell(scores | {"costs": total}, predictions))
    return together


def _row(cells: Sequence[_Cell], audit: Mapping[str, Any], params: EvaluateParams) -> dict[str, Any]:
    predictions = pd.concat([cell.predictions for cell in cells])
    pooled = score_predictions(predictions, order_emotions(set(predictions["emotion"])), params)
    per_cell = pd.DataFrame([{name: cell.scores[name] for name in SCORES} for cell in cells])
    costs = pd.DataFrame([cell.scores["costs"] for cell in cells])
    row: dict[str, Any] = {
        "protocol": audit["protocol"],
        "cells": len(cells),
        "test_clips": predictions["utterance_id"].nunique(),
        "test_speakers": pooled["n_speakers"],
    }
    for name in SCORES:
        interval = pooled["interval_95"][name]
        row |= {name: pooled[name], f"{name}_low": interval["low"], f"{name}_high": interval["high"]}
        row |= {f"{name}_mean": per_cell[name].mean(), f"{name}_sd": per_cell[name].std()}
    row |= {f"uar_{corpus}": scores["uar"] for corpus, scores in pooled.get("per_corpus", {}).items()}
    return row | {
        "ece": pooled["ece"],
        "minutes": costs["minutes"].mean(),
        "weights": costs["weights"].max() if "weights" in costs else float("nan"),
        "validation_macro_f1": costs["validation_macro_f1"].mean() if "weights" in costs else float("nan"),
        "shared": describe_leaks({"train_test": audit["leaks"]["train_test"]}).removeprefix("train and test share "),
    }


def _groups(folder: Path) -> dict[str, list[Path]]:
    """The cells of each split, folds of one protocol together, of the seeds that have them all."""
    groups: dict[str, list[str]] = {}
    for split in read_table_definition().splits:
        groups.setdefault(_group(split), []).append(split)
    found = {}
    for group, splits in groups.items():
        by_seed = [[folder / f"{split}-{seed}.json" for split in splits] for seed in read_table_definition().seeds]
        if whole := [path for paths in by_seed if all(path.exists() for path in paths) for path in paths]:
            found[group] = whole
    return found


def _group(split: str) -> str:
    return re.sub(rf"^({'|'.join(FOLDED)})-\d+$", r"\1", split)


def _read_predictions(path: Path) -> pd.DataFrame:
    predictions = read_table(path, PREDICTIONS)
    return predictions.astype({name: float for name in predictions.columns if name.startswith("p_")})


def score_table(table: pd.DataFrame) -> str:
    """Markdown: one row per system and protocol."""
    names = ["system", "split", "UAR, mean ± sd", "UAR, pooled [95 %]", "accuracy, pooled [95 %]", "macro F1", "ECE"]
    lines = _head([*names, "tested on", "shared by train and test", "minutes"])
    for _, row in table.iterrows():
        spread = f"{row['uar_mean']:.3f} ± {row['uar_sd']:.3f} ({row['cells']})" if row["cells"] > 1 else "one cell"
        lines.append(
            f"| `{row['system']}` | `{row['split']}` | {spread} | {_with_interval(row, 'uar')}"
            f" | {_with_interval(row, 'accuracy')} | {row['macro_f1']:.3f} | {row['ece']:.3f}"
            f" | {row['test_clips']} clips, {row['test_speakers']} speakers | {row['shared']} | {row['minutes']:.1f} |"
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
    varied = _varied()
    for _, row in table.sort_values("uar_mean", ascending=False).iterrows():
        of, changed = varied.get(row["system"], ("", ""))
        gained = "" if pd.isna(row["gained"]) else _with_interval(row, "gained", "+.3f")
        lines.append(
            f"| `{row['system']}` | {of and f'`{of}`'} | {changed} | {gained}"
            f" | {row['uar_mean']:.3f} ± {row['uar_sd']:.3f} ({row['cells']}) | {_with_interval(row, 'uar')}"
            f" | {_with_interval(row, 'accuracy')} | {row['ece']:.3f} | {row['validation_macro_f1']:.3f}"
            f" | {row['minutes']:.1f} |"
        )
    return "\n".join(lines)


def _varied() -> dict[str, tuple[str, str]]:
    """From a system that varies another to the other's name and what is changed."""
    definition = read_table_definition()
    varied = {
        name: (variant.of, "<br>".join(f"`{key}: {json.dumps(value)}`" for key, value in variant.params.items()))
        for name, variant in definition.variants.items()
    }
    seeds = len(definition.seeds)
    return varied | {
        averaged_name(name, seeds): (name, f"mean probabilities of {seeds} seeds") for name in definition.averaged
    }


def costs_table(costs: dict[str, Any], table: pd.DataFrame) -> str:
    """Markdown: what each system takes in training and in use.

    Args:
        costs: of `benchmarks.costs`.
        table: of `summarise`.
    """
    lines = _head(["system", "parameters", "multiply-adds", "file", "training, one fold", "one clip"])
    for system, cost in costs.items():
        row = _find(table, system, HONEST)
        minutes = "not run yet" if row is None else f"{row['minutes']:.1f} min"
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
        [_read_predictions(path).assign(cell=path.stem) for path in sorted(folder.glob("kaggle_leaky-*.csv"))]
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
            _find(table, preset.name, split) for split in (_own(preset), "stratified_80_10_10", HONEST)
        )
        figures = ["not run yet" if row is None else _with_interval(row, "accuracy") for row in (own, random, honest)]
        gap = "" if own is None or honest is None else f"{100 * (own['accuracy'] - honest['accuracy']):.0f} points"
        claim = preset.about.published.claim if preset.about.published else "no figure"
        if preset.about.origin == "ours":
            claim, figures[0], gap = "ours", "", ""
        lines.append(f"| [`{preset.name}`]({docs}systems/{preset.name}.md) | {claim} | {' | '.join(figures)} | {gap} |")
    return "\n".join(lines)


def _own(preset: Preset) -> str:
    """The split of the table that is nearest to what the system was published with."""
    values = {setting.key: setting.value for setting in preset.settings}
    corpora = set(values["ingest.corpora"]) & {"ravdess", "tess"}  # CREMA-D's recordings cannot be had here
    return ("both-" if len(corpora) > 1 else "") + str(values["split.protocol"])


def _find(table: pd.DataFrame, system: str, split: str) -> pd.Series | None:
    found = table[(table["system"] == system) & (table["split"] == split)]
    return found.iloc[0] if len(found) else None


def draw_claims(table: pd.DataFrame, presets: Sequence[Preset], path: Path) -> None:
    """For every system: the claim, what its protocol gives here, and what speakers never heard give.

    Args:
        table: of `summarise`.
        presets: the systems, from the top.
        path: the PNG to write.
    """
    figure = Figure(figsize=(7.4, 0.75 * len(presets) + 1.5), layout="constrained")
    axes = figure.subplots()
    for place, preset in enumerate(presets):
        published, ours = preset.about.published, preset.about.origin == "ours"
        if published:
            axes.plot([published.low, published.high], [place, place], color=VERMILLION, linewidth=7, alpha=0.35)
            middle = (published.low + published.high) / 2
            axes.plot(middle, place, "D", color=VERMILLION, label="published claim", markersize=8, fillstyle="none")
        else:
            said = "ours" if ours else "no figure published"
            axes.text(0.14, place, said, color=VERMILLION, fontsize=8, va="center")
        points = [
            (_own(preset), 0.14, ORANGE, "o", "here, split as published"),
            (HONEST, -0.14, BLUE, "s", "here, speakers never heard (luna5)"),
        ]
        for split, offset, colour, marker, label in points[ours:]:
            row = _find(table, preset.name, split)
            if row is None:
                continue
            error = [[row["accuracy"] - row["accuracy_low"]], [row["accuracy_high"] - row["accuracy"]]]
            axes.errorbar(row["accuracy"], place - offset, xerr=error, fmt=marker, color=colour, capsize=3, label=label)
            axes.annotate(
                f"{row['accuracy']:.0%}",
                (row["accuracy"], place - offset),
                xytext=(0, 6 if offset > 0 else -13),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=colour,
            )
    axes.axvline(1 / 8, color=GREY, linewidth=0.8, linestyle=":")
    axes.annotate(
        "chance", (1 / 8, len(presets) - 0.55), color=GREY, fontsize=8, xytext=(3, 0), textcoords="offset points"
    )
    axes.set_yticks(range(len(presets)), [f"{preset.name}\n{_own(preset)}" for preset in presets], fontsize=9)
    axes.set_ylim(len(presets) - 0.4, -0.6)
    axes.set_xlim(0, 1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("accuracy on 8 emotions; bars: 95 % interval over test speakers")
    axes.set_title("What published systems claim, and what they give", fontsize=11)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    figure.legend(unique.values(), unique.keys(), loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    save_figure(figure, path)


if __name__ == "__main__":
    typer.run(main)
