"""From a recording to the arrays that a network reads."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from ser.audio.decode import decode
from ser.audio.signal import fix_length, resample, to_mono, trim_silence
from ser.errors import InputError
from ser.params import FeatureParams


class FrontEnd(Protocol):
    """What a module of `ser.front_ends` is."""

    FIXED_LENGTH: bool
    """Whether a signal that is shorter than ``params.n_samples`` is padded with zeros at its end."""

    def shapes(self, params: FeatureParams, settings: Any) -> dict[str, tuple[int, ...]]:
        """The shape of each array that `analyse` gives; ``settings`` are the front end's own."""

    def analyse(self, signal: np.ndarray, params: FeatureParams, settings: Any) -> dict[str, np.ndarray]:
        """The arrays, float32, of a mono signal in [-1, 1] at ``params.sampling_rate`` hertz."""


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


def front_end(signal: np.ndarray, params: FeatureParams) -> dict[str, np.ndarray]:
    """Features of fixed size: the one way from a prepared signal to what a network reads.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,), at ``params.sampling_rate`` hertz; a longer one than
            ``params.n_samples`` is cut there, a shorter one padded with zeros at its end, if the front end wants that.
        params: analysis settings; ``front_ends`` names the modules of `ser.front_ends` that analyse.

    Returns:
        Arrays by name, float32, of `shapes`.

    Raises:
        InputError: the signal is not mono or not finite.
    """
    if signal.ndim != 1:
        raise InputError(f"expected a mono signal of shape (n_samples,), found shape {signal.shape}")
    if not np.isfinite(signal).all():
        raise InputError("expected a finite signal, found NaN or infinity")
    arrays: dict[str, np.ndarray] = {}
    for name, settings in params.front_ends.used.items():
        analysis = _analysis(name)
        heard = fix_length(signal, params.n_samples) if analysis.FIXED_LENGTH else signal[: params.n_samples]
        arrays |= analysis.analyse(heard, params, settings)
    return arrays


def shapes(params: FeatureParams) -> dict[str, tuple[int, ...]]:
    """The shape of each array that `front_end` gives."""
    found: dict[str, tuple[int, ...]] = {}
    for name, settings in params.front_ends.used.items():
        found |= _analysis(name).shapes(params, settings)
    return found


def batch_of(recordings: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Stack the arrays of several recordings, one at least: by name, each of shape (n_recordings, ...)."""
    return {name: np.stack([arrays[name] for arrays in recordings]) for name in recordings[0]}


def _analysis(name: str) -> FrontEnd:
    # The name is one of a closed list (ser.params): a model file cannot name anything else.
    return cast("FrontEnd", import_module(f"ser.front_ends.{name}"))
