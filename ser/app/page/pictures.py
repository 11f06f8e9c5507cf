"""What the page draws and plays, as JSON."""

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from ser.acoustics.mel import rows_of
from ser.front_ends.log_mel import spectrogram
from ser.inference.spectrogram import spectrogram_settings
from ser.inference.timeline import Timeline
from ser.params import FeatureParams, LogMelParams

if TYPE_CHECKING:
    from ser.inference.explanation import Explanation

COLUMNS = 480
"""Times at which a timeline's probabilities are drawn."""

DYNAMIC_RANGE = 90.0
"""Decibels below the loudest point at which a timeline's spectrogram is black."""

_HERTZ = np.array([250, 500, 1000, 2000, 4000, 8000])


def heard(signal: np.ndarray, params: FeatureParams) -> dict[str, Any]:
    """What the model hears of a recording: to be played, and as a log-mel spectrogram.

    Args:
        signal: prepared by `ser.features.front_end.prepare_signal` and cut to what the model hears: shape (n_samples,),
            at ``params.sampling_rate`` hertz.
        params: the model's front end.
    """
    settings = spectrogram_settings(params)
    return {
        "seconds": len(signal) / params.sampling_rate,
        "wav": _encoded(to_wav(signal, params.sampling_rate)),
        "spectrogram": _log_mel(spectrogram(signal, params.sampling_rate, settings), settings),
    }


def over_time(timeline: Timeline) -> dict[str, Any]:
    """The waveform's envelope, the spectrogram, and the emotions of a recording over time."""
    overview = timeline.overview
    levels = overview.spectrogram.T - overview.spectrogram.max()  # (n_bands, n_columns)
    khz = np.arange(0, overview.band_edges[-1] / 1000 + 0.5, 2)
    times = (np.arange(COLUMNS) + 0.5) * timeline.duration / COLUMNS
    return {
        "seconds": timeline.duration,
        "column": overview.column,
        "peaks": np.round(overview.peaks.astype(float), 3).tolist(),
        "spectrogram": _spectrogram(levels, -DYNAMIC_RANGE, khz, khz / overview.band_edges[-1] * 1000 * len(levels)),
        "segments": [segment._asdict() for segment in timeline.segments()],
        "classes": timeline.classes,
        "probabilities": [
            np.round(row, 3).tolist() if np.isfinite(row).all() else None for row in timeline.probabilities_at(times)
        ],
    }


def explained(explanation: "Explanation") -> dict[str, Any]:
    """What in the spectrogram spoke for an emotion, and what against it."""
    settings = explanation.settings
    return {
        "emotion": explanation.emotion,
        "probability": explanation.probability,
        "seconds": explanation.spectrogram.shape[1] * settings.hop_length / explanation.sampling_rate,
        "spectrogram": _log_mel(explanation.spectrogram, settings),
        "relevance": np.round(explanation.relevance.astype(float), 5).tolist(),
    }


def to_wav(signal: np.ndarray, sampling_rate: int) -> bytes:
    """Encode a signal, shape (n_samples,), at `sampling_rate` hertz, in 16 bits."""
    wav = io.BytesIO()
    soundfile.write(wav, np.clip(signal, -1, 1), sampling_rate, format="WAV", subtype="PCM_16")
    return wav.getvalue()


def _log_mel(levels: np.ndarray, settings: LogMelParams) -> dict[str, Any]:
    hertz = _HERTZ[(settings.f_min <= _HERTZ) & (settings.f_max >= _HERTZ)]
    return _spectrogram(levels, -settings.top_db, hertz / 1000, rows_of(hertz, settings))


def _spectrogram(levels: np.ndarray, floor: float, khz: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
    """A spectrogram in bytes, from 0 at the floor to 255 at the loudest point.

    Args:
        levels: dB re the loudest point, shape (n_bands, n_frames), the lowest band first.
        floor: dB; what is below is shown as if it were there.
        khz: frequencies that are written beside it.
        rows: at which height they stand, in bands.
    """
    shades = np.round(255 * (1 - np.clip(levels / floor, 0, 1))).astype(np.uint8)
    return {
        "n_bands": len(levels),
        "n_frames": levels.shape[1],
        "levels": _encoded(shades.tobytes()),
        "floor": floor,
        "ticks": list(zip(khz.tolist(), np.round(rows, 2).tolist(), strict=True)),
    }


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
