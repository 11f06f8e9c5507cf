"""What matplotlib draws: one function, one PNG, the same bytes from the same table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ser.calibration import expected_calibration_error, prediction_bins, reliability_table
from ser.metrics import class_recall_table, gender_table, pooled_confusion
from ser.params import EvaluateParams
from ser.storage import replacing

# Okabe and Ito, "Color Universal Design", 2008: told apart with any common colour vision.
BLUE, ORANGE, VERMILLION, GREY = "#0072B2", "#E69F00", "#D55E00", "#595959"


def draw_curves(history: pd.DataFrame, path: Path) -> None:
    """Loss and macro F1 over the epochs, train against validation.

    Args:
        history: columns epoch, subset ("train" or "validation"), loss, macro_f1.
        path: the PNG to write.
    """
    validation = history[history["subset"] == "validation"].sort_values("epoch")
    best = validation.iloc[int(validation["macro_f1"].argmax())]
    epoch = int(best["epoch"])
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    panels: list[Axes] = list(figure.subplots(1, 2))
    for panel, column, label in zip(panels, ("loss", "macro_f1"), ("Cross-entropy (nats)", "Macro F1"), strict=True):
        for subset, colour, line in (("train", BLUE, "--"), ("validation", ORANGE, "-")):
            rows = history[history["subset"] == subset].sort_values("epoch")
            panel.plot(rows["epoch"], rows[column], line, marker=".", color=colour, label=subset)
        panel.axvline(epoch, color=GREY, linestyle=":", label="best")
        panel.set(xlabel="Epoch", ylabel=label, title=label.partition(" (")[0])
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(alpha=0.3)
    panels[1].set_ylim(0, 1)
    panels[0].legend()
    figure.suptitle(f"Training: best validation macro F1 {best['macro_f1']:.3f}, at epoch {epoch}")
    _save(figure, path)


def draw_confusion(predictions: pd.DataFrame, classes: Sequence[str], path: Path) -> None:
    """Confusion matrix whose rows add up to 100%, so that the diagonal is recall, and counts; empty cells blank.

    Args:
        predictions: one row per utterance.
        classes: the emotions, in the order of the axes.
        path: the PNG to write.
    """
    confusion = pooled_confusion(predictions, classes)
    shares = confusion / confusion.sum(axis=1, keepdims=True).clip(min=1)
    figure = Figure(figsize=(5.8, 5.8), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        # An empty cell stays blank, so that the eye finds the confusions.
        text = f"{share:.0%}\n{confusion[row, column]}" if share else ""
        axes.text(column, row, text, ha="center", va="center", size=8, color="white" if share > 0.6 else "black")
    axes.set_xticks(range(len(classes)), classes, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="Predicted emotion", ylabel="Actual emotion")
    axes.set_title(f"Confusion: {_extent(predictions)}\n% of the actual emotion, and utterances")
    _save(figure, path)


def draw_class_recall(predictions: pd.DataFrame, classes: Sequence[str], params: EvaluateParams, path: Path) -> None:
    """Recall of each emotion that occurs, with its 95% interval over resampled speakers.

    Args:
        predictions: one row per utterance.
        classes: the emotions, from top to bottom.
        params: bootstrap settings.
        path: the PNG to write.
    """
    table = class_recall_table(predictions, classes, params)
    figure = Figure(figsize=(7, 1.4 + 0.4 * len(table)), layout="constrained")
    axes = figure.subplots()
    axes.barh(table["emotion"], table["recall"], color=BLUE, alpha=0.6, height=0.7)
    axes.hlines(
        table["emotion"], table["low"], table["high"], color="black", linewidth=1.5, label="95% interval over speakers"
    )
    for row, recall in enumerate(table["recall"]):
        axes.text(1.02, row, f"{recall:.1%}", va="center")
    axes.axvline(1 / len(classes), color=VERMILLION, linestyle="--", label=f"chance, {1 / len(classes):.1%}")
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set(xlabel="Recall", ylabel="Actual emotion")
    axes.set_title(f"Recall per emotion, mean (UAR) {table['recall'].mean():.1%}\n{_extent(predictions)}")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    _save(figure, path)


def draw_reliability(predictions: pd.DataFrame, n_bins: int, path: Path) -> None:
    """Accuracy against confidence, above the distribution of confidence.

    Args:
        predictions: one row per utterance.
        n_bins: number of equal-width confidence bins.
        path: the PNG to write.
    """
    table = reliability_table(predictions, n_bins)
    pooled = prediction_bins(predictions, np.zeros(len(predictions), dtype=np.intp), n_bins)
    error = float(expected_calibration_error(pooled)[0])
    figure = Figure(figsize=(5.6, 6.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    bars = {"width": 1 / n_bins, "align": "edge", "edgecolor": "white"}
    upper.bar(table["lower"], table["accuracy"], color=BLUE, alpha=0.6, label="bin's accuracy", **bars)
    upper.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="perfect")
    upper.plot(
        table["confidence"], table["accuracy"], "o", color=VERMILLION, label="its mean confidence", clip_on=False
    )
    upper.set(ylabel="Accuracy", xlim=(0, 1), ylim=(0, 1.03))
    upper.set_title(f"Reliability: calibration error (ECE) {error:.3f}, {n_bins} bins\n{_extent(predictions)}")
    lower.bar(table["lower"], table["count"], color=BLUE, **bars)
    lower.set(xlabel="Confidence (probability of the predicted emotion)", ylabel="Utterances")
    lower.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    _save(figure, path)


def draw_gender(predictions: pd.DataFrame, classes: Sequence[str], path: Path) -> None:
    """Accuracy, UAR and macro F1 of each gender side by side.

    Args:
        predictions: one row per utterance.
        classes: the emotions.
        path: the PNG to write.
    """
    table = gender_table(predictions, classes).pivot_table(index="score", columns="gender", values="value", sort=False)
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    width = 0.38
    colours = {"female": ORANGE, "male": BLUE}
    for index, gender in enumerate(table.columns):
        rows = predictions[predictions["gender"] == gender]
        places = np.arange(len(table)) + (index - (len(table.columns) - 1) / 2) * width
        bars = axes.bar(places, table[gender], width, color=colours[gender], label=f"{gender}: {_extent(rows)}")
        axes.bar_label(bars, fmt="{:.1%}", padding=2)
    axes.set_xticks(range(len(table)), ["Accuracy", "UAR", "Macro F1"])
    axes.set_ylim(0, 1.08)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_ylabel("Score")
    gap = f", macro F1 gap {100 * abs(np.diff(table.loc['macro_f1'])[0]):.1f} points" if len(table.columns) == 2 else ""
    axes.set_title(f"Scores by gender{gap}")
    figure.legend(loc="outside lower center", frameon=False)
    _save(figure, path)


def _extent(predictions: pd.DataFrame) -> str:
    speakers = len(predictions[["corpus", "speaker"]].drop_duplicates())
    return f"{len(predictions)} utterances of {speakers} speaker{'s' if speakers != 1 else ''}"


def _save(figure: Figure, path: Path) -> None:
    with replacing(path) as sibling:
        # matplotlib would write its version into the file.
        figure.savefig(sibling, format="png", dpi=120, metadata={"Software": None}, pil_kwargs={"optimize": True})
