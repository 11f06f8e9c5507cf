"""The pictures of a scored test subset, and the tables behind them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ser.evaluation.calibration import expected_calibration_error, prediction_bins, rejection_table, reliability_table
from ser.evaluation.metrics import class_recall_table, confusion_table, group_table, pooled_confusion
from ser.params import EvaluateParams
from ser.plots.style import BLUE, CORPUS_COLOURS, GREY, ORANGE, VERMILLION, save_figure
from ser.storage import write_table


def write_test_plots(predictions: pd.DataFrame, classes: Sequence[str], params: EvaluateParams, folder: Path) -> None:
    """Write confusion, class_recall, reliability, rejection and groups, each as CSV for DVC and as PNG.

    Args:
        predictions: one row per test utterance, as `ser.evaluation.predictions.predict_test` gives them.
        classes: the emotions, in the order of the pictures.
        params: bootstrap and calibration settings.
        folder: where they go.
    """
    write_table(confusion_table(predictions), folder / "confusion.csv")
    write_table(class_recall_table(predictions, classes, params), folder / "class_recall.csv")
    write_table(reliability_table(predictions, params.calibration_bins), folder / "reliability.csv")
    write_table(rejection_table(predictions), folder / "rejection.csv")
    write_table(group_table(predictions, classes), folder / "groups.csv")
    draw_confusion(predictions, classes, folder / "confusion.png")
    draw_class_recall(predictions, classes, params, folder / "class_recall.png")
    draw_reliability(predictions, params.calibration_bins, folder / "reliability.png")
    draw_rejection(predictions, folder / "rejection.png")
    draw_groups(predictions, classes, folder / "groups.png")


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
    save_figure(figure, path)


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
    save_figure(figure, path)


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
        table["confidence"], table["accuracy"], "o", color=VERMILLION, label="bin's mean confidence", clip_on=False
    )
    upper.set(ylabel="Accuracy", xlim=(0, 1), ylim=(0, 1.03))
    upper.set_title(f"Reliability: calibration error (ECE) {error:.3f}, {n_bins} bins\n{_extent(predictions)}")
    lower.bar(table["lower"], table["count"], color=BLUE, **bars)
    lower.set(xlabel="Confidence (probability of the predicted emotion)", ylabel="Utterances")
    lower.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    save_figure(figure, path)


def draw_rejection(predictions: pd.DataFrame, path: Path) -> None:
    """Accuracy against the share of utterances that are answered, if the least confident ones are not.

    Args:
        predictions: one row per utterance.
        path: the PNG to write.
    """
    table = rejection_table(predictions)
    overall = table["accuracy"].iloc[-1]
    figure = Figure(figsize=(6.4, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(table["coverage"], table["accuracy"], color=BLUE, drawstyle="steps-post", label="accuracy of the answers")
    axes.axhline(overall, color=GREY, linestyle="--", label=f"all answered, {overall:.1%}")
    labelled = np.inf
    for threshold in (0.3, 0.5, 0.7, 0.9):
        answered = table[table["min_confidence"] >= threshold]
        if 0 < len(answered) < len(table):
            place = answered["coverage"].iloc[-1], answered["accuracy"].iloc[-1]
            axes.plot(*place, "o", color=VERMILLION)
            if labelled - place[0] > 0.06:  # room for another label
                axes.annotate(
                    f"{threshold:g}",
                    place,
                    xytext=(-5, -12),
                    textcoords="offset points",
                    ha="right",
                    color=VERMILLION,
                )
                labelled = place[0]
    axes.plot([], [], "o", color=VERMILLION, label="least confidence")
    axes.set(xlim=(0, 1), ylim=(0, 1.03), xlabel="Utterances answered", ylabel="Accuracy of the answers")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_title(f"Answers above a confidence\n{_extent(predictions)}")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    save_figure(figure, path)


def draw_groups(predictions: pd.DataFrame, classes: Sequence[str], path: Path) -> None:
    """Accuracy, UAR and macro F1 of all, of each gender and of each corpus side by side.

    Args:
        predictions: one row per utterance.
        classes: the emotions.
        path: the PNG to write.
    """
    table = group_table(predictions, classes).pivot_table(index="score", columns="group", values="value", sort=False)
    figure = Figure(figsize=(max(6.4, 1.2 + 1.8 * len(table.columns)), 4.4), layout="constrained")
    axes = figure.subplots()
    width = 0.84 / len(table.columns)
    colours = {"all": GREY, "female": ORANGE, "male": BLUE} | dict(
        zip(sorted(set(predictions["corpus"])), CORPUS_COLOURS * len(table.columns), strict=False)
    )
    for index, group in enumerate(table.columns):
        rows = predictions[(predictions[["gender", "corpus"]] == group).any(axis=1) | (group == "all")]
        places = np.arange(len(table)) + (index - (len(table.columns) - 1) / 2) * width
        bars = axes.bar(places, table[group], width, color=colours[group], label=f"{group}: {_extent(rows)}")
        axes.bar_label(bars, fmt="{:.0%}", padding=2)
    axes.set_xticks(range(len(table)), ["Accuracy", "UAR", "Macro F1"])
    axes.set_ylim(0, 1.08)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_ylabel("Score")
    gap = ""
    if {"female", "male"} <= set(table.columns):
        macro_f1 = table.loc["macro_f1"].to_dict()
        gap = f", macro F1 gap {100 * abs(macro_f1['female'] - macro_f1['male']):.1f} points"
    several = " and corpus" if len(predictions["corpus"].unique()) > 1 else ""
    axes.set_title(f"Scores by gender{several}{gap}")
    figure.legend(loc="outside lower center", frameon=False)
    save_figure(figure, path)


def _extent(predictions: pd.DataFrame) -> str:
    speakers = len(predictions[["corpus", "speaker"]].drop_duplicates())
    return f"{len(predictions)} utterances of {speakers} speaker{'s' if speakers != 1 else ''}"
