"""Front end `contours_functionals`: contours of a voice, and their functionals."""

import numpy as np

from ser.acoustics.contours import OF_SOUND, OF_VOICE, contours
from ser.acoustics.functionals import N_FUNCTIONALS, functionals
from ser.params import ContoursFunctionalsParams, FeatureParams

FIXED_LENGTH = False
"""A signal is not padded before its contours are followed: silence that nobody recorded has none."""

VOICED = len(OF_VOICE)
"""The contour that says where there is voice."""

HEARD = len(OF_VOICE) + len(OF_SOUND)
"""The row of ``contours`` that says where there is anything: 1, and 0 in the padding."""

N_ROWS = HEARD + 1
"""Of ``contours``."""

N_VALUES = N_FUNCTIONALS * HEARD + 1
"""Of ``functionals``: those of all contours, and the number of their frames."""


def shapes(params: FeatureParams, settings: ContoursFunctionalsParams) -> dict[str, tuple[int, ...]]:
    """Of what `analyse` gives."""
    return {"contours": (N_ROWS, settings.n_frames(params.n_samples)), "functionals": (N_VALUES,)}


def analyse(signal: np.ndarray, params: FeatureParams, settings: ContoursFunctionalsParams) -> dict[str, np.ndarray]:
    """Contours of what was heard, and their functionals.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,), at ``params.sampling_rate`` hertz, of ``params.n_samples``
            at most.
        params: says the sampling rate, and with ``duration`` the number of frames.
        settings: ``hop_length`` in samples.

    Returns:
        ``contours``, float32, shape (N_ROWS, n_frames): `ser.acoustics.contours.contours`, pitch above or below its
        median, and the row `HEARD`; what is not known or not heard is 0. ``functionals``, float32, shape (N_VALUES,):
        of pitch as it is.
    """
    followed = contours(signal, params.sampling_rate, settings.hop_length)  # (n, frames)
    known = np.ones_like(followed, bool)
    known[: len(OF_VOICE)] = voiced = followed[VOICED] > 0
    values = np.append(functionals(followed, known), np.float32(followed.shape[1]))
    if voiced.any():
        followed[0, voiced] -= np.median(followed[0, voiced])
    heard = np.ones((1, followed.shape[1]), np.float32)
    missing = settings.n_frames(params.n_samples) - followed.shape[1]
    return {
        "contours": np.pad(np.concatenate([followed, heard]), ((0, 0), (0, missing))),
        "functionals": values,
    }
