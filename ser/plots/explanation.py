"""The picture of an explanation."""

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from ser.acoustics.mel import rows_of
from ser.inference.explanation import Explanation


def draw_explanation(explanation: Explanation) -> Figure:
    """The spectrogram in grey, and over it, in colour, what speaks for the emotion and what against it."""
    settings = explanation.settings
    n_mels, n_frames = explanation.spectrogram.shape
    seconds = n_frames * settings.hop_length / explanation.sampling_rate
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    extent = (0.0, seconds, 0.0, float(n_mels))
    axes.imshow(explanation.spectrogram, origin="lower", aspect="auto", extent=extent, cmap="Greys")
    strongest = max(float(np.abs(explanation.relevance).max()), 1e-6)
    overlay = axes.imshow(
        explanation.relevance,
        origin="lower",
        aspect="auto",
        extent=extent,
        cmap="PuOr_r",
        norm=TwoSlopeNorm(0, -strongest, strongest),
        alpha=0.75 * np.sqrt(np.abs(explanation.relevance) / strongest),  # what did nothing stays grey
        interpolation="nearest",
    )
    figure.colorbar(overlay, label="against          nats          for")
    axes.set(xlabel="Time (s)")
    # The name is a model file's: a dollar sign begins no formula.
    axes.set_title(f"What speaks for {explanation.emotion} ({explanation.probability:.0%})", parse_math=False)
    ticks = [hertz for hertz in (250, 500, 1000, 2000, 4000, 8000) if settings.f_min <= hertz <= settings.f_max]
    axes.set_yticks(rows_of(np.array(ticks), settings), [f"{hertz / 1000:g}" for hertz in ticks])
    axes.set_ylabel("Frequency (kHz)")
    return figure
