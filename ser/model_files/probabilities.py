"""What a network gives is looked at before it is believed: a model file may come from anywhere."""

from typing import NamedTuple

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


class Answers(NamedTuple):
    """What a model says of recordings, one row each.

    Attributes:
        probabilities: float64, shape (n_recordings, n_classes).
        distance: from what the model was trained on, in the largest that is usual; above 1, a recording is unlike it.
            Shape (n_recordings,); 0 where the network cannot tell.
    """

    probabilities: np.ndarray
    distance: np.ndarray


def doubted(probabilities: np.ndarray, distance: np.ndarray) -> Answers:
    """Make probabilities of recordings that are unlike all training more even, the more the further they are.

    Args:
        probabilities: shape (n_recordings, n_classes).
        distance: as `Answers` has it.
    """
    powers = probabilities ** (1 / np.maximum(distance, 1))[:, np.newaxis]
    return Answers(powers / powers.sum(axis=1, keepdims=True), distance)
