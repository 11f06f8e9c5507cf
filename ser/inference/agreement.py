"""Whether an exported model says what the trained one says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ser.errors import InputError
from ser.inference.predictor import Predictor

TOLERANCE = 1e-4
"""Largest difference of a probability between torch and onnxruntime."""


@dataclass(frozen=True)
class Agreement:
    """How an exported model agrees with what was scored.

    Attributes:
        largest_difference: of any probability of any recording.
        other_emotion: recordings whose most probable emotion is another one.
        n_recordings: how many were compared.
    """

    largest_difference: float
    other_emotion: int
    n_recordings: int

    def check(self) -> None:
        """Refuse a model that says something else than the trained one.

        Raises:
            InputError: a probability differs by more than `TOLERANCE`.
        """
        if self.largest_difference > TOLERANCE:
            raise InputError(
                f"the exported model differs from the trained one by {self.largest_difference:.2g} in a probability,"
                f" expected at most {TOLERANCE:g}"
            )

    def metrics(self) -> dict[str, Any]:
        """Lay out what metrics/export.json holds; beyond two digits, differences are the processor's."""
        return {
            "n_recordings": self.n_recordings,
            "largest_difference": float(f"{self.largest_difference:.1e}"),
            "other_emotion": self.other_emotion,
        }


def compare(exported: Predictor, predictions: pd.DataFrame) -> Agreement:
    """Predict recordings from their files, and compare with what torch says of their stored features.

    Args:
        exported: what is checked.
        predictions: of the trained model, as `ser.evaluation.predictions.predict_test` gives them, and the ``path`` of
            each.
    """
    classes = exported.classes
    found = exported.predict_many([Path(path) for path in predictions["path"]])
    probabilities = np.array([list(one.probabilities.values()) for one in found])
    expected = predictions[[f"p_{name}" for name in classes]].to_numpy()
    return Agreement(
        largest_difference=float(np.abs(probabilities - expected).max()),
        other_emotion=int((np.array(classes)[probabilities.argmax(axis=1)] != predictions["predicted"]).sum()),
        n_recordings=len(predictions),
    )
