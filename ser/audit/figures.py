"""What the audit's page draws: each figure one SVG that takes its text colour from the page."""

import io
import re
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ser.audit.balance import UNKNOWN
from ser.dataset.metadata import GENDERS, order_emotions
from ser.plots.style import BLUE, ORANGE

INK = "#123456"  # stands for the page's text colour until the SVG is written
COLOURS = {"female": ORANGE, "male": BLUE, UNKNOWN: "#999999"}
MAX_BINS = 40

_STYLE: Any = {  # matplotlib types the keys one by one
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "audit",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_SIZE = (5.6, 3.2)  # inches


def draw_emotions(breakdown: pd.DataFrame) -> str:
    """Clips per emotion, the genders' parts in different colours."""
    emotions = order_emotions(set(breakdown["emotion"]))
    clips = breakdown.pivot_table(index="emotion", columns="gender", values="clips", aggfunc="sum", fill_value=0)
    clips = clips.reindex(index=emotions)
    with rc_context(_STYLE):
        figure = Figure(figsize=(_SIZE[0], 1.2 + 0.26 * len(emotions)), layout="constrained")
        axes = figure.subplots()
        left = np.zeros(len(emotions))
        for gender in (*GENDERS, UNKNOWN):
            if gender not in clips:
                continue
            axes.barh(emotions, clips[gender], left=left, color=COLOURS[gender], label=gender, height=0.7)
            left += clips[gender].to_numpy()
        axes.invert_yaxis()
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_xlabel("Clips")
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
        return _svg(figure)


def draw_durations(conditions: pd.DataFrame) -> str:
    """Histogram of the clips' lengths."""
    return _histogram(conditions["duration"], "Duration (seconds)")


def draw_levels(conditions: pd.DataFrame) -> str:
    """Histogram of the clips' levels."""
    return _histogram(conditions["rms_db"], "Level (dBFS RMS)")


def draw_sampling_rates(conditions: pd.DataFrame) -> str:
    """Clips per sampling rate."""
    counts = conditions["sampling_rate"].value_counts().sort_index()
    with rc_context(_STYLE):
        figure = Figure(figsize=(_SIZE[0], 1.0 + 0.3 * len(counts)), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh([f"{rate:,} Hz" for rate in counts.index], counts, color=BLUE, height=0.6)
        axes.bar_label(bars, labels=[f"{n:,}" for n in counts], padding=4, color=INK)
        axes.margins(x=0.12)
        axes.set_ylim(-0.6, len(counts) - 0.4)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_xlabel("Clips")
        return _svg(figure)


def _histogram(values: pd.Series, label: str) -> str:
    with rc_context(_STYLE):
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.subplots()
        n_bins = min(MAX_BINS, max(5, int(np.sqrt(len(values)))))
        axes.hist(values, bins=n_bins, color=BLUE, edgecolor="none", rwidth=0.9)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.set(xlabel=label, ylabel="Clips")
        return _svg(figure)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    # matplotlib would write its version and the date into the file.
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    # The width is the page's to choose, and the figure's caption says what the picture shows.
    return re.sub(
        r'<svg\b([^>]*?) width="[^"]*"',
        r'<svg aria-hidden="true"\1',
        re.sub(r' height="[^"]*pt"', "", svg, count=1),
        count=1,
    )
