"""The picture of README: what was claimed, and what it is here."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchmarks.markdown import HONEST, find_row, own_split
from ser.plots.style import BLUE, GREY, ORANGE, VERMILLION, save_figure
from ser.presets import Preset


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
            (own_split(preset), 0.14, ORANGE, "o", "here, split as published"),
            (HONEST, -0.14, BLUE, "s", "here, speakers never heard (luna5)"),
        ]
        for split, offset, colour, marker, label in points[ours:]:
            row = find_row(table, preset.name, split)
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
    axes.set_yticks(range(len(presets)), [f"{preset.name}\n{own_split(preset)}" for preset in presets], fontsize=9)
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
