"""What the page shows and plays of a recording, as HTML that needs no file."""

import base64
import io
from html import escape

import numpy as np
import soundfile
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ser.front_ends.log_mel import analyse, rows_of
from ser.params import FeatureParams

BLUE = "#0072B2"  # Okabe and Ito, "Color Universal Design", 2008


def draw_heard(signal: np.ndarray, params: FeatureParams) -> Figure:
    """Waveform and log-mel spectrogram of what the model hears of a recording.

    Args:
        signal: prepared by `ser.features.prepare_signal` and cut to what the model hears: shape (n_samples,), at
            ``params.sampling_rate`` hertz.
        params: the model's front end; of one that makes cepstra, the log-mel spectrogram they are made from.
    """
    seconds = len(signal) / params.sampling_rate
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    upper.plot(np.arange(len(signal)) / params.sampling_rate, signal, color=BLUE, linewidth=0.5)
    loudest = float(np.abs(signal).max())
    upper.set(ylabel="Amplitude", xlim=(0, seconds), ylim=(-1.05 * loudest, 1.05 * loudest))
    upper.yaxis.set_major_locator(MaxNLocator(nbins=4))
    levels = analyse(signal, params)  # (n_mels, n_frames)
    image = lower.imshow(
        levels,
        origin="lower",
        aspect="auto",
        extent=(0, seconds, 0, params.n_mels),
        cmap="magma",
        interpolation="nearest",
    )
    ticks = [hertz for hertz in (250, 500, 1000, 2000, 4000, 8000) if params.f_min <= hertz <= params.f_max]
    lower.set_yticks(rows_of(np.array(ticks), params), [f"{hertz:,}" for hertz in ticks])
    lower.set(xlabel="Time (s)", ylabel="Frequency (Hz)")
    figure.colorbar(image, ax=lower, label="dB re loudest", pad=0.01)
    return figure


def png(figure: Figure) -> bytes:
    """Render a figure."""
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=150)
    return image.getvalue()


def to_wav(signal: np.ndarray, sampling_rate: int) -> bytes:
    """Encode a signal, shape (n_samples,), at `sampling_rate` hertz, in 16 bits."""
    wav = io.BytesIO()
    soundfile.write(wav, np.clip(signal, -1, 1), sampling_rate, format="WAV", subtype="PCM_16")
    return wav.getvalue()


def image(data: bytes, description: str) -> str:
    """Show a PNG.

    Args:
        data: the PNG.
        description: what is to be read where it cannot be seen.
    """
    return f'<div class="figure"><img alt="{escape(description)}" src="{_embedded(data, "image/png")}"></div>'


def player(signal: np.ndarray, sampling_rate: int) -> str:
    """Play a signal, shape (n_samples,), at `sampling_rate` hertz."""
    source = _embedded(to_wav(signal, sampling_rate), "audio/wav")
    return f'<audio class="heard" controls aria-label="What the model hears" src="{source}"></audio>'


def _embedded(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
