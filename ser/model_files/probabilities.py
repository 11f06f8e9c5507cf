"""What a network gives is looked at before it is believed: a model file may come from anywhere."""

import numpy as np

from ser.errors import InputError

TOLERANCE = 1e-3
"""Largest difference of a sum of probabilities from 1; that of float32 is below 1e-6."""


def checked(probabilities: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Give probabilities back if they are such.

    Args:
        probabilities: what a network gave.
        shape: expected of them: (n_recordings, n_classes).

    Raises:
        InputError: they have another shape, are not finite, not all in [0, 1], or do not sum to 1 for each recording.
    """
    if probabilities.shape != shape:
        raise InputError(f"the model's network gives an array of shape {probabilities.shape}, expected {shape}")
    if not np.isfinite(probabilities).all():
        raise InputError("the model's network gives no finite numbers; its weights are damaged")
    sums = probabilities.sum(axis=1)
    if ((probabilities < 0) | (probabilities > 1)).any() or (np.abs(sums - 1) > TOLERANCE).any():
        raise InputError("the model's network gives numbers that are no probabilities; its weights are damaged")
    return probabilities
