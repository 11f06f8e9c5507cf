"""A model file in, emotions out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, Self

import numpy as np

from ser.audio.decode import read_audio
from ser.audio.signal import check_voice, to_mono
from ser.errors import InputError
from ser.features.front_end import batch_of, front_end, prepare_signal
from ser.model_files.description import ModelDescription
from ser.parallel import thread_map

UNSURE = "unsure"
"""What stands in the emotion's place where its probability is below the smallest that was asked for."""

Recording = str | Path | BinaryIO | np.ndarray
"""A file's path, an open file, or samples of shape (n_samples,) or (n_samples, n_channels), in [-1, 1]."""

_BATCH = 32  # recordings whose features are in memory at once


class LoadedModel(Protocol):
    """A network and its description: of `ser.model_files`, an `OnnxModel` or, with torch, a `Model`."""

    @property
    def description(self) -> ModelDescription:
        """What its file says of it."""

    def probabilities(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Map arrays, (batch, *shape) each, to probabilities (batch, n_classes), float64."""


@dataclass(frozen=True)
class Prediction:
    """What a model hears in one recording.

    Attributes:
        emotion: the most probable one.
        probabilities: of every emotion, in the model's order; they sum to 1.
        seconds: length of the recording without leading and trailing silence.
        notes: what is missing of the recording, or odd about it; lines that begin with its name.
    """

    emotion: str
    probabilities: dict[str, float]
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def confidence(self) -> float:
        """The probability of the most probable emotion."""
        return self.probabilities[self.emotion]


class Predictor:
    """Predicts from the model file alone: front end and class names travel in it. Threads may share one.

        predictor = Predictor.load("models/model.onnx")
        predictor.predict("a.wav").emotion

    Args:
        model: a loaded model.
        encoder: if it hears through a pretrained encoder: which one, a name or a folder. It is not in the model's file,
            and a file that may come from anywhere does not decide what is fetched and opened.

    Raises:
        InputError: the model hears through another encoder, or through one that was not named.
    """

    def __init__(self, model: LoadedModel, encoder: str | None = None) -> None:
        self.model = model
        needed = model.description.front_end.encoder
        if needed != encoder:
            raise InputError(f"this model needs the encoder {needed or 'none'}, and {encoder or 'none'} was named")

    @classmethod
    def load(cls, path: str | Path, encoder: str | None = None) -> Self:
        """Read a model file: ONNX, or safetensors if torch is installed.

        Raises:
            InputError: it is missing, damaged, or no model of this project; or as the class.
            ModuleNotFoundError: it needs torch.
        """
        path = Path(path)
        if _is_safetensors(path):
            from ser.model_files.safetensors_file import read_model  # noqa: PLC0415 (torch, which an ONNX file does without)

            return cls(read_model(path), encoder)
        from ser.model_files.onnx_file import OnnxModel  # noqa: PLC0415 (what safetensors do without)

        return cls(OnnxModel.read(path), encoder)

    @property
    def classes(self) -> tuple[str, ...]:
        """The emotions, in the order of the columns that `predict_proba` gives."""
        return self.model.description.classes

    @property
    def heard_seconds(self) -> float:
        """How much of a recording the model hears: the beginning, after leading silence."""
        return self.model.description.front_end.duration

    def predict(self, recording: Recording, sampling_rate: int | None = None) -> Prediction:
        """Say which emotion a recording carries.

        Args:
            recording: WAV, FLAC, Ogg or MP3 at any sampling rate, mono or not; MP4 and WebM if ffmpeg is installed; or
                samples, in which there is voice.
            sampling_rate: of samples, in hertz; None: the model's own.

        Raises:
            InputError: the recording cannot be used; `ser.audio.AudioError` if it is a file that is missing, not audio,
                damaged, empty or silent.
        """
        signal, features, notes = self._analyse(recording, sampling_rate)
        probabilities = self.model.probabilities(batch_of([features]))[0]
        return Prediction(
            emotion=self.classes[int(probabilities.argmax())],
            probabilities=dict(zip(self.classes, probabilities.tolist(), strict=True)),
            seconds=len(signal) / self.model.description.front_end.sampling_rate,
            notes=notes,
        )

    def predict_many(
        self, recordings: Sequence[Recording] | np.ndarray, sampling_rate: int | None = None, jobs: int | None = None
    ) -> Iterator[Prediction]:
        """Yield the prediction of every recording, in order.

        Args:
            recordings: as for `predict`.
            sampling_rate: as for `predict`.
            jobs: number of threads; None: as many as there are cores.

        Raises:
            InputError: at the first recording that cannot be used.
        """
        return thread_map(lambda recording: self.predict(recording, sampling_rate), list(recordings), jobs)

    def predict_proba(
        self, recordings: Sequence[Recording] | np.ndarray, sampling_rate: int | None = None
    ) -> np.ndarray:
        """Probabilities as scikit-learn's classifiers give them.

        Args:
            recordings: as for `predict`.
            sampling_rate: as for `predict`.

        Returns:
            float64, shape (len(recordings), len(classes)), columns in the order of `classes`.

        Raises:
            InputError: a recording cannot be used.
        """
        batches = [recordings[start : start + _BATCH] for start in range(0, len(recordings), _BATCH)]
        found = [
            self.model.probabilities(batch_of([self._analyse(one, sampling_rate)[1] for one in batch]))
            for batch in batches
        ]
        return np.concatenate([np.empty((0, len(self.classes))), *found])

    def _analyse(
        self, recording: Recording, sampling_rate: int | None
    ) -> tuple[np.ndarray, dict[str, np.ndarray], tuple[str, ...]]:
        """The signal that is left of a recording after trimming, its features, and what is odd about it."""
        params = self.model.description.front_end
        if isinstance(recording, np.ndarray):
            rate = sampling_rate or params.sampling_rate
            heard, notes = _checked_samples(recording, rate), tuple[str, ...]()
        else:
            audio = read_audio(recording)
            heard, rate, notes = audio.signal, audio.sampling_rate, audio.notes
        signal = prepare_signal(heard[:, np.newaxis], rate, params)
        return signal, front_end(signal, params), notes


def _checked_samples(samples: np.ndarray, sampling_rate: int) -> np.ndarray:
    """What is heard of samples: mono, float32, shape (n_samples,)."""
    if samples.ndim not in (1, 2) or samples.size == 0 or not np.issubdtype(samples.dtype, np.floating):
        raise InputError(
            "expected floating-point samples of shape (n_samples,) or (n_samples, n_channels),"
            f" found {samples.dtype} of shape {samples.shape}"
        )
    signal = to_mono(samples.reshape(len(samples), -1).astype(np.float32, copy=False))
    if not np.isfinite(signal).all():
        raise InputError("expected finite samples, found NaN or infinity")
    check_voice(signal, sampling_rate, "samples")
    return signal


def _is_safetensors(path: Path) -> bool:
    """By content, which begins with the length of a JSON object; by name, if there is too little of it."""
    if path.suffix == ".safetensors":
        return True
    try:
        with path.open("rb") as file:
            return file.read(9)[8:] == b"{"
    except OSError:
        return False  # the one that reads it will say why


def emotion_or_unsure(prediction: Prediction, min_confidence: float) -> str:
    """The emotion, or `UNSURE` where its probability is below `min_confidence`."""
    return prediction.emotion if prediction.confidence >= min_confidence else UNSURE
