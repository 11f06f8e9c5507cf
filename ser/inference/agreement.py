"""Whether an exported model says what the trained one says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ser.errors import InputError
from ser.features.front_end import batch_of, front_end, load_signal
from ser.inference.predictor import LoadedModel
from ser.parallel import thread_map
from ser.params import Precision

TOLERANCE = 1e-4
"""Largest difference of a probability between torch and onnxruntime, with weights of float32."""

ROUNDED_TOLERANCE = 0.05
"""Largest share of recordings that get another emotion because weights were rounded to int8."""


@dataclass(frozen=True)
class Agreement:
    """How an exported model agrees with what was scored.

    Attributes:
        largest_difference: of any probability of any recording.
        other_emotion: recordings whose most probable emotion is another one.
        n_recordings: how many were compared.
        trained_uar: unweighted average recall of what was scored.
        exported_uar: that of the exported model.
    """

    largest_difference: float
    other_emotion: int
    n_recordings: int
    trained_uar: float
    exported_uar: float

    def check(self, precision: Precision) -> None:
        """Refuse a model that says something else than the trained one.

        Args:
            precision: of its weights.

        Raises:
            InputError: a probability differs by more than `TOLERANCE`; or of int8, more than `ROUNDED_TOLERANCE` of the
                recordings get another emotion.
        """
        if precision == "int8":
            if self.other_emotion > ROUNDED_TOLERANCE * self.n_recordings:
                raise InputError(
                    f"{self.other_emotion} of {self.n_recordings} recordings get another emotion when weights are"
                    f" rounded: expected at most {ROUNDED_TOLERANCE:.0%}; use export.precision: float32"
                )
        elif self.largest_difference > TOLERANCE:
            raise InputError(
                f"the exported model differs from the trained one by {self.largest_difference:.2g} in a probability,"
                f" expected at most {TOLERANCE:g}"
            )

    def metrics(self) -> dict[str, Any]:
        """Lay out what data/reports/export.json holds; beyond two digits, differences are the processor's."""
        return {
            "n_recordings": self.n_recordings,
            "largest_difference": float(f"{self.largest_difference:.1e}"),
            "other_emotion": self.other_emotion,
            "trained_uar": round(self.trained_uar, 6),
            "exported_uar": round(self.exported_uar, 6),
        }


def compare(exported: LoadedModel, predictions: pd.DataFrame) -> Agreement:
    """Predict recordings from their files, and compare with what torch says of their stored features.

    As there, of a recording that is longer than what the model hears at once, the beginning is heard.

    Args:
        exported: what is checked.
        predictions: of the trained model, as `ser.evaluation.predictions.predict_test` gives them, and the ``path`` of
            each.
    """
    classes, params = exported.description.classes, exported.description.front_end

    def read(path: str) -> np.ndarray:
        features = front_end(load_signal(Path(path), params), params)
        return exported.probabilities(batch_of([features]))

    probabilities = np.concatenate(list(thread_map(read, list(predictions["path"]), None)))
    expected = predictions[[f"p_{name}" for name in classes]].to_numpy()
    predicted = np.array(classes)[probabilities.argmax(axis=1)]
    return Agreement(
        largest_difference=float(np.abs(probabilities - expected).max()),
        other_emotion=int((predicted != predictions["predicted"]).sum()),
        n_recordings=len(predictions),
        trained_uar=_uar(predictions["emotion"], predictions["predicted"]),
        exported_uar=_uar(predictions["emotion"], pd.Series(predicted, predictions.index)),
    )


def _uar(actual: pd.Series, predicted: pd.Series) -> float:
    return float((actual == predicted).groupby(actual).mean().mean())
