"""The picture of a timeline: waveform, spectrogram, and probabilities over time."""

import io
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from ser.inference.timeline import Timeline, clock
from ser.plots.colours import colour

COLUMNS = 600
"""In which probabilities are drawn; in a long recording, each is a mean over time."""

DYNAMIC_RANGE = 90.0
"""Decibels below the loudest point at which the spectrogram is black at the latest."""

MIN_LABEL = 0.006
"""Share of the picture's width, per letter, that a segment must have to be named."""

_SAMPLES = 16  # of a column

_INK, _FAINT = "#333333", "#D9D9D9"


def draw_timeline(timeline: Timeline, title: str, image_format: str = "png") -> bytes:
    """Draw a timeline.

    Args:
        timeline: what was heard.
        title: stands above.
        image_format: ``png``, ``svg`` or ``pdf``.

    Returns:
        The image.
    """
    figure = Figure(figsize=(12, 7), layout="constrained")
    grid = {"height_ratios": (1.0, 1.9, 0.32, 2.2), "hspace": 0.02}
    wave, spectrum, ribbon, lowest = figure.subplots(4, 1, sharex=True, gridspec_kw=grid)
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, color=_INK, parse_math=False)
    _draw_waveform(wave, timeline)
    _draw_spectrogram(spectrum, timeline)
    prevailing, shares = _columns(timeline)
    _draw_segments(ribbon, timeline, prevailing)
    _draw_probabilities(lowest, timeline, shares)
    for axes in (wave, spectrum, ribbon, lowest):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=_INK, labelsize=9)
        axes.yaxis.label.set(color=_INK, fontsize=10)
    lowest.set_xlim(0, timeline.duration)
    lowest.xaxis.set_major_locator(MaxNLocator(12, steps=_steps(timeline.duration)))
    lowest.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))
    image = io.BytesIO()
    metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[image_format]
    figure.savefig(image, format=image_format, dpi=120, metadata=metadata)
    return image.getvalue()


def _draw_waveform(axes: Axes, timeline: Timeline) -> None:
    peaks = timeline.overview.peaks
    times = (np.arange(len(peaks)) + 0.5) * timeline.overview.column
    axes.fill_between(times, peaks[:, 0], peaks[:, 1], step="mid", color=_INK, linewidth=0.3)
    limit = 1.05 * max(float(np.abs(peaks).max()), 1e-3)
    axes.set(ylim=(-limit, limit), ylabel="waveform", yticks=[])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(bottom=False)


def _draw_spectrogram(axes: Axes, timeline: Timeline) -> None:
    overview = timeline.overview
    loudest = float(overview.spectrogram.max())
    axes.imshow(
        overview.spectrogram.T,
        extent=(0, len(overview.spectrogram) * overview.column, 0, overview.band_edges[-1] / 1000),
        aspect="auto",
        origin="lower",
        cmap="magma",
        vmin=max(loudest - DYNAMIC_RANGE, float(np.percentile(overview.spectrogram, 10))),
        vmax=loudest,
    )
    axes.set_ylabel("kHz")
    axes.tick_params(bottom=False)


def _draw_segments(axes: Axes, timeline: Timeline, prevailing: np.ndarray) -> None:
    edges = np.linspace(0, timeline.duration, COLUMNS + 1)
    for number, columns in _runs(prevailing):
        if number >= 0:
            emotion = timeline.classes[number]
            axes.axvspan(*edges[columns], color=colour(emotion, timeline.classes), linewidth=0)
    for start, end, emotion, _ in timeline.segments():
        if (end - start) / timeline.duration > MIN_LABEL * len(emotion):
            dark = float(np.dot(to_rgb(colour(emotion, timeline.classes)), (0.299, 0.587, 0.114))) < 0.4
            ink = "white" if dark else "black"
            middle = (start + end) / 2
            axes.text(
                middle, 0.46, emotion, ha="center", va="center", size=8, color=ink, clip_on=True, parse_math=False
            )
    axes.set(ylim=(0, 1), yticks=[])
    axes.set_ylabel("segments", rotation=0, ha="right", va="center")
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(bottom=False)


def _draw_probabilities(axes: Axes, timeline: Timeline, shares: np.ndarray) -> None:
    edges = np.linspace(0, timeline.duration, COLUMNS + 1)
    top = np.zeros(COLUMNS)
    for emotion, share in zip(timeline.classes, shares.T, strict=True):
        bottom, top = top, top + share
        axes.stairs(top, edges, baseline=bottom, fill=True, linewidth=0, color=colour(emotion, timeline.classes))
    for silent, columns in _runs(np.isnan(shares[:, 0])):
        if silent:
            axes.axvspan(*edges[columns], facecolor="white", edgecolor=_FAINT, hatch="////", linewidth=0)
    handles = [Patch(color=colour(name, timeline.classes), label=name) for name in timeline.classes]
    handles.append(Patch(facecolor="white", edgecolor=_FAINT, hatch="////", label="no voice"))
    legend = axes.legend(
        handles=handles, ncols=9, loc="upper center", bbox_to_anchor=(0.5, -0.12), frameon=False, fontsize=9
    )
    for text in legend.get_texts():
        text.set_parse_math(False)  # the names are a model file's
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set(ylim=(0, 1), ylabel="probability")


def _columns(timeline: Timeline) -> tuple[np.ndarray, np.ndarray]:
    """What prevails in each column, and how probable all emotions are in it.

    Returns:
        The number of the emotion that most of the column's segments have, or -1, shape (COLUMNS,); the mean of the
        smoothed probabilities where there are segments, or NaN, shape (COLUMNS, n_classes).
    """
    times = (np.arange(COLUMNS * _SAMPLES) + 0.5) * timeline.duration / (COLUMNS * _SAMPLES)
    heard = np.full(len(times), -1)
    for start, end, emotion, _ in timeline.segments():
        heard[np.searchsorted(times, start) : np.searchsorted(times, end)] = timeline.classes.index(emotion)
    inside = np.where(heard[:, np.newaxis] >= 0, timeline.probabilities_at(times), np.nan).reshape(
        COLUMNS, _SAMPLES, -1
    )
    count = np.isfinite(inside).sum(axis=1)
    means = np.divide(np.nansum(inside, axis=1), count, out=np.full(count.shape, np.nan), where=count > 0)
    votes = heard.reshape(COLUMNS, _SAMPLES, 1) == np.arange(len(timeline.classes))
    n_votes = votes.sum(axis=1)  # (COLUMNS, n_classes)
    return np.where(n_votes.any(axis=1), n_votes.argmax(axis=1), -1), means


def _runs(values: np.ndarray) -> Iterator[tuple[Any, list[int]]]:
    """Yield every run of equal values, and the edges of the columns it covers: first, last + 1."""
    edges = [0, *(1 + np.flatnonzero(np.diff(values))), len(values)]
    for first, last in pairwise(edges):
        yield values[first], [first, last]


def _steps(duration: float) -> list[float]:
    """Factors of round times: up to 10 s decimal, then such as divide a minute or an hour."""
    return [1, 2, 5, 10] if duration < 100 else [1, 1.5, 3, 6, 10]
