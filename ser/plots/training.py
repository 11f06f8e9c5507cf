"""The curves of a training."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ser.plots.style import BLUE, GREY, ORANGE, save_figure


def draw_curves(history: pd.DataFrame, kept: int, path: Path) -> None:
    """Loss and macro F1 over the epochs, train against validation.

    Args:
        history: columns epoch, subset ("train" or "validation"), loss, macro_f1.
        kept: the epoch whose weights are kept.
        path: the PNG to write.
    """
    (score,) = history.loc[(history["subset"] == "validation") & (history["epoch"] == kept), "macro_f1"]
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    panels: list[Axes] = list(figure.subplots(1, 2))
    for panel, column, label in zip(panels, ("loss", "macro_f1"), ("Cross-entropy (nats)", "Macro F1"), strict=True):
        for subset, colour, line in (("train", BLUE, "--"), ("validation", ORANGE, "-")):
            rows = history[history["subset"] == subset].sort_values("epoch")
            panel.plot(rows["epoch"], rows[column], line, marker=".", color=colour, label=subset)
        panel.axvline(kept, color=GREY, linestyle=":", label="kept")
        panel.set(xlabel="Epoch", ylabel=label, title=label.partition(" (")[0])
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(alpha=0.3)
    panels[1].set_ylim(0, 1)
    panels[0].legend()
    figure.suptitle(f"Training: epoch {kept} is kept, macro F1 {score:.3f} in validation")
    save_figure(figure, path)
