"""A model file in, emotions out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from ser.audio import decode
from ser.features import front_end, prepare_signal
from ser.model_file import Model, read_model


@dataclass(frozen=True)
class Prediction:
    """What a model hears in one recording.

    Attributes:
        emotion: the most probable one.
        probabilities: of every emotion, in the model's order; they sum to 1.
        seconds: length of the recording without leading and trailing silence.
    """

    emotion: str
    probabilities: dict[str, float]
    seconds: float


class Predictor:
    """Predicts from the model file alone: front end and class names travel in it.

    Args:
        model: a trained model.
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a model file.

        Raises:
            InputError: it is missing, damaged, or no model of this project.
        """
        return cls(read_model(path))

    @property
    def heard_seconds(self) -> float:
        """How much of a recording the model hears: the beginning, after leading silence."""
        return self.model.description.front_end.duration

    def predict(self, path: Path) -> Prediction:
        """Say which emotion a recording carries.

        Args:
            path: WAV, FLAC, Ogg or MP3, at any sampling rate, mono or not.

        Raises:
            AudioError: the file is missing, not audio, damaged, empty or silent.
        """
        return self.predict_samples(*decode(path))

    def predict_samples(self, samples: np.ndarray, sampling_rate: int) -> Prediction:
        """Say which emotion decoded audio carries.

        Args:
            samples: shape (n_samples, n_channels), in [-1, 1].
            sampling_rate: in hertz.
        """
        description = self.model.description
        signal = prepare_signal(samples, sampling_rate, description.front_end)
        features = front_end(signal, description.front_end)
        probabilities = self.model.classifier.probabilities(features[None])[0]
        return Prediction(
            emotion=description.classes[int(probabilities.argmax())],
            probabilities=dict(zip(description.classes, probabilities.tolist(), strict=True)),
            seconds=len(signal) / description.front_end.sampling_rate,
        )
