"""From a recording to the features that a network reads."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ser.audio.decode import decode
from ser.audio.signal import fix_length, resample, to_mono, trim_silence
from ser.errors import InputError
from ser.params import FeatureParams


def load_signal(path: Path, params: FeatureParams) -> np.ndarray:
    """Decode a file and bring it to the form that is analysed.

    Returns:
        float32, shape (n_samples,), at ``params.sampling_rate`` hertz.

    Raises:
        AudioError: the file cannot be decoded.
    """
    return prepare_signal(*decode(path), params)


def prepare_signal(samples: np.ndarray, sampling_rate: int, params: FeatureParams) -> np.ndarray:
    """Mix to mono, resample, and trim leading and trailing silence, if it is to be trimmed.

    Args:
        samples: decoded audio in [-1, 1], shape (n_samples, n_channels).
        sampling_rate: of `samples`, hertz.
        params: ``sampling_rate`` in hertz, ``trim_db`` in decibels below the loudest frame, or None.

    Returns:
        float32, shape (n_samples,), at ``params.sampling_rate`` hertz.
    """
    signal = resample(to_mono(samples), sampling_rate, params.sampling_rate)
    return signal if params.trim_db is None else trim_silence(signal, params.trim_db)


def front_end(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    """Features of fixed size: the one way from a prepared signal to what a network reads.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,), at ``params.sampling_rate`` hertz; a longer one than
            ``params.n_samples`` is cut there, a shorter one padded with zeros at its end, if the front end wants that.
        params: analysis settings; ``front_end`` names the module of `ser.front_ends` that analyses.

    Returns:
        float32, shape (n_bands(params), params.n_frames).

    Raises:
        InputError: the signal is not mono or not finite.
    """
    if signal.ndim != 1:
        raise InputError(f"expected a mono signal of shape (n_samples,), found shape {signal.shape}")
    if not np.isfinite(signal).all():
        raise InputError("expected a finite signal, found NaN or infinity")
    analysis = _analysis(params)
    fixed = getattr(analysis, "FIXED_LENGTH", True)
    heard = fix_length(signal, params.n_samples) if fixed else signal[: params.n_samples]
    features: np.ndarray = analysis.analyse(heard, params)
    return features


def n_bands(params: FeatureParams) -> int:
    """Count the rows of what `front_end` gives."""
    rows: int = _analysis(params).n_bands(params)
    return rows


def _analysis(params: FeatureParams) -> Any:
    # The name is one of a closed list (ser.params): a model file cannot name anything else.
    return import_module(f"ser.front_ends.{params.front_end}")
