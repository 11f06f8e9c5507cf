"""Speech emotion recognition: corpora, splits, leak audit, front ends, models and honest evaluation.

``from ser import Predictor; Predictor.load("models/model.onnx").predict("a.wav")``
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ser.errors import InputError
    from ser.inference.predictor import Prediction, Predictor

__all__ = ["InputError", "Prediction", "Predictor"]

_HOMES = {"InputError": "ser.errors", "Prediction": "ser.inference.predictor", "Predictor": "ser.inference.predictor"}


def __getattr__(name: str) -> Any:
    # On first use (PEP 562): `ser --help`, and stages that do not predict, need not wait for what a predictor imports.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ser' has no attribute '{name}'")
