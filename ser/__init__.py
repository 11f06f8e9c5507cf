"""Speech emotion recognition: corpora, splits, leak audit, front ends, models and honest evaluation.

``from ser import Predictor; Predictor.load("models/model.onnx").predict("a.wav")``

What stands here stays; all else may move.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ser.audio.limits import AudioError
    from ser.dataset.leaks import audit_leaks
    from ser.dataset.splits import assign_splits
    from ser.errors import InputError
    from ser.evaluation.metrics import score_predictions
    from ser.inference.predictor import Prediction, Predictor
    from ser.inference.timeline import Timeline, read_timeline

__all__ = [
    "AudioError",
    "InputError",
    "Prediction",
    "Predictor",
    "Timeline",
    "assign_splits",
    "audit_leaks",
    "read_timeline",
    "score_predictions",
]

_HOMES = {
    "AudioError": "ser.audio.limits",
    "InputError": "ser.errors",
    "Prediction": "ser.inference.predictor",
    "Predictor": "ser.inference.predictor",
    "Timeline": "ser.inference.timeline",
    "assign_splits": "ser.dataset.splits",
    "audit_leaks": "ser.dataset.leaks",
    "read_timeline": "ser.inference.timeline",
    "score_predictions": "ser.evaluation.metrics",
}


def __getattr__(name: str) -> Any:
    # On first use (PEP 562): `ser --help`, and stages that do not predict, need not wait for what a predictor imports.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ser' has no attribute '{name}'")
