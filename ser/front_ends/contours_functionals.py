"""Front end `contours_functionals`: contours of a voice, and below them their functionals."""

import numpy as np

from ser.acoustics.contours import OF_SOUND, OF_VOICE, contours
from ser.acoustics.functionals import N_FUNCTIONALS, functionals
from ser.errors import InputError
from ser.params import FeatureParams

FIXED_LENGTH = False
"""A signal is not padded before its contours are followed: silence that nobody recorded has none."""

VOICED = len(OF_VOICE)
"""The row that says where there is voice."""

HEARD = len(OF_VOICE) + len(OF_SOUND)
"""The row that says where there is anything: 1, and 0 in the padding."""

N_ROWS = HEARD + 1
"""Of contours."""

N_VALUES = N_FUNCTIONALS * HEARD + 1
"""Functionals of all contours, and the number of their frames."""


def n_bands(params: FeatureParams) -> int:
    """Count the rows of what `analyse` gives."""
    return N_ROWS + n_rows_of_functionals(params.n_frames)


def n_rows_of_functionals(n_frames: int) -> int:
    """Count the rows of so many frames that hold the functionals."""
    return -(-N_VALUES // n_frames)


def analyse(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    """Contours of what was heard, then their functionals.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,), at ``params.sampling_rate`` hertz, of ``params.n_samples``
            at most.
        params: analysis settings; the number of frames comes from ``duration`` and ``hop_length``.

    Returns:
        float32, shape (n_bands(params), n_frames): `ser.acoustics.contours.contours`, pitch above or below its median;
        the row `HEARD`; N_VALUES functionals as one reads, from left to right and row after row, of pitch as it is.
        What is not known, not heard, or left of the last row, is 0.
    """
    followed = contours(signal, params.sampling_rate, params.hop_length)  # (n, frames)
    known = np.ones_like(followed, bool)
    known[: len(OF_VOICE)] = voiced = followed[VOICED] > 0
    values = np.append(functionals(followed, known), np.float32(followed.shape[1]))
    if voiced.any():
        followed[0, voiced] -= np.median(followed[0, voiced])
    heard = np.ones((1, followed.shape[1]), np.float32)
    n_frames = params.n_frames
    rows = np.pad(values, (0, n_rows_of_functionals(n_frames) * n_frames - N_VALUES)).reshape(-1, n_frames)
    above = np.pad(np.concatenate([followed, heard]), ((0, 0), (0, n_frames - followed.shape[1])))
    return np.concatenate([above, rows])


def check_rows(n_bands: int, n_frames: int) -> None:
    """Refuse features of another front end.

    Raises:
        InputError: they have other rows than `contours_functionals` gives.
    """
    expected = N_ROWS + n_rows_of_functionals(n_frames)
    if n_bands != expected:
        raise InputError(
            f"this network needs features of front end contours_functionals, {expected} rows, found {n_bands}"
        )
