"""What the service answers: the shapes that its OpenAPI description names."""

from pydantic import BaseModel, ConfigDict

from ser.inference.predictor import Prediction, Predictor, emotion_or_unsure
from ser.model_files.description import ExportedDescription


class Error(BaseModel):
    """What was wrong, in one line."""

    error: str


class ModelAnswer(BaseModel):
    """The model that answers.

    Attributes:
        architecture: its network's name.
        md5: of the trained model file, as dvc.lock has it; null for a model file that was not exported.
        temperature: what its logits are divided by; null for a model file that was not exported.
        trained_on: corpora.
        classes: the emotions, in the order of the probabilities.
        window_seconds: how much it hears at once; what is longer, it hears in windows.
    """

    architecture: str
    md5: str | None
    temperature: float | None
    trained_on: tuple[str, ...]
    classes: tuple[str, ...]
    window_seconds: float

    @classmethod
    def of(cls, predictor: Predictor) -> "ModelAnswer":
        """Describe the model of a predictor."""
        description = predictor.model.description
        exported = description if isinstance(description, ExportedDescription) else None
        return cls(
            architecture=description.network.architecture,
            md5=exported and exported.trained_md5,
            temperature=exported and exported.temperature,
            trained_on=description.trained_on,
            classes=description.classes,
            window_seconds=predictor.window_seconds,
        )


class HealthAnswer(BaseModel):
    """The service is well."""

    status: str
    version: str
    model: ModelAnswer


class PredictionAnswer(BaseModel):
    """What the model hears in a recording: what `ser predict --json` prints, and more.

    Attributes:
        path: what its sender calls the recording.
        emotion: the most probable one, or ``unsure``.
        confidence: the probability of the most probable emotion.
        probabilities: of every emotion; they sum to 1.
        seconds: length of the recording without leading and trailing silence.
        windows: in how many the model heard it.
        unlike: whether it is unlike what the model was trained on: doubt the answer.
        notes: what is missing of the recording, or odd about it.
        model: the model that answers.
    """

    model_config = ConfigDict(protected_namespaces=())

    path: str
    emotion: str
    confidence: float
    probabilities: dict[str, float]
    seconds: float
    windows: int
    unlike: bool
    notes: tuple[str, ...]
    model: ModelAnswer

    @classmethod
    def of(cls, path: str, prediction: Prediction, min_confidence: float, model: ModelAnswer) -> "PredictionAnswer":
        """Lay a prediction out."""
        return cls(
            path=path,
            emotion=emotion_or_unsure(prediction, min_confidence),
            confidence=prediction.confidence,
            probabilities=prediction.probabilities,
            seconds=prediction.seconds,
            windows=prediction.windows,
            unlike=prediction.unlike,
            notes=prediction.notes,
            model=model,
        )
