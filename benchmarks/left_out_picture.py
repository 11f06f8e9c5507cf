"""The picture of docs/results.md: who heard four corpora hears the fifth."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from ser.plots.style import save_figure


def draw_left_out(found: pd.DataFrame, path: Path) -> None:
    """A heat map of UAR: a row for each system and way of hearing, a column for each corpus that was left out.

    Args:
        found: of `benchmarks.markdown.left_out`.
        path: the PNG to write.
    """
    corpora = [name for name in found.columns if name not in ("system", "way")]
    scores = found[corpora].map(lambda row: row["uar"]).astype(float)
    scores["mean"] = scores.mean(axis=1)
    figure = Figure(figsize=(7.4, 0.42 * len(scores) + 1.6), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(scores, cmap="cividis", vmin=0.2, vmax=0.9, aspect="auto")
    for row in range(len(scores)):
        for column in range(len(scores.columns)):
            value = scores.iloc[row, column]
            colour = "white" if value < 0.55 else "black"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=9)
    axes.axvline(len(corpora) - 0.5, color="white", linewidth=3)
    axes.set_xticks(range(len(scores.columns)), [*corpora, "mean"])
    axes.set_yticks(range(len(scores)), [f"{row['system']}, {row['way']}" for _, row in found.iterrows()])
    axes.set_xlabel("corpus that was left out of training")
    axes.set_title("UAR on a corpus never heard", fontsize=11)
    axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, label="UAR")
    save_figure(figure, path)
