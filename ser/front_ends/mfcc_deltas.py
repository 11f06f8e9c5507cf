"""Front end `mfcc_deltas`: mel-frequency cepstral coefficients, and how fast they change."""

from math import factorial

import numpy as np

from ser.errors import InputError
from ser.front_ends import mfcc
from ser.params import FeatureParams, MfccDeltasParams

FIXED_LENGTH = True

WIDTH = 9
"""Frames that a slope is fitted to, as in librosa."""


def shapes(params: FeatureParams, settings: MfccDeltasParams) -> dict[str, tuple[int, ...]]:
    """Of what `analyse` gives."""
    return {"mfcc_deltas": (3 * settings.n_mfcc, settings.n_frames(params.n_samples))}


def analyse(signal: np.ndarray, params: FeatureParams, settings: MfccDeltasParams) -> dict[str, np.ndarray]:
    """The array ``mfcc_deltas``: MFCC, below them their first and then their second differences over time.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,), at ``params.sampling_rate`` hertz.
        params: says the sampling rate.
        settings: as for `ser.front_ends.mfcc`.

    Returns:
        float32, shape (3 * n_mfcc, n_frames); in decibels, decibels per frame and decibels per frame squared.

    Raises:
        InputError: the signal is shorter than `WIDTH` frames.

    Source:
        ``librosa.feature.delta(mfcc, width=9, order=1 and 2)``: the slope (curvature) of a line (parabola) fitted to
        nine frames; at both ends, to the first and the last nine.
    """
    coefficients = mfcc.coefficients(signal, params.sampling_rate, settings)
    if coefficients.shape[1] < WIDTH:
        raise InputError(f"mfcc_deltas needs at least {WIDTH} frames, found {coefficients.shape[1]}")
    orders = [coefficients, _derivative(coefficients, 1), _derivative(coefficients, 2)]
    return {"mfcc_deltas": np.concatenate(orders)}


def _derivative(coefficients: np.ndarray, order: int) -> np.ndarray:
    """Of the polynomial of this order that fits `WIDTH` frames best, a constant; at both ends, the last one."""
    places = np.arange(WIDTH) - WIDTH // 2
    weights = factorial(order) * np.linalg.pinv(np.vander(places, order + 1))[0]  # of the highest power
    windows = np.lib.stride_tricks.sliding_window_view(coefficients, WIDTH, axis=1)
    derivative = (windows @ weights).astype(np.float32)  # (n_mfcc, n_frames + 1 - WIDTH)
    return np.pad(derivative, ((0, 0), (WIDTH // 2, WIDTH // 2)), mode="edge")
