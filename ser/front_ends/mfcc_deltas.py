"""Front end `mfcc_deltas`: mel-frequency cepstral coefficients, and how fast they change."""

import numpy as np

from ser.errors import InputError
from ser.front_ends import mfcc
from ser.params import FeatureParams

WIDTH = 9
"""Frames that a slope is fitted to, as in librosa."""


def n_bands(params: FeatureParams) -> int:
    """Count the rows of what `analyse` gives."""
    return 3 * mfcc.n_bands(params)


def analyse(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    """MFCC, below them their first and then their second differences over time.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,), at ``params.sampling_rate`` hertz.
        params: analysis settings, as for `ser.front_ends.mfcc`.

    Returns:
        float32, shape (3 * n_mfcc, n_frames); in decibels, decibels per frame and decibels per frame squared.

    Raises:
        InputError: the signal is not mono or not finite, or shorter than `WIDTH` frames.

    Source:
        ``librosa.feature.delta(mfcc, width=9, order=1 and 2)``: the slope (curvature) of a line (parabola) fitted to
        nine frames; at both ends, to the first and the last nine.
    """
    from scipy.signal import savgol_filter  # noqa: PLC0415 (slow to import, and other front ends do without it)

    coefficients = mfcc.analyse(signal, params)
    if coefficients.shape[1] < WIDTH:
        raise InputError(f"mfcc_deltas needs at least {WIDTH} frames, found {coefficients.shape[1]}")
    differences = [savgol_filter(coefficients, WIDTH, polyorder=order, deriv=order, axis=1) for order in (1, 2)]
    return np.concatenate([coefficients, *differences]).astype(np.float32)
