"""A model file in, emotions out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from ser.errors import InputError
from ser.features.front_end import batch_of, front_end, prepare_signal
from ser.inference.adaptation import Heard, source_statistics
from ser.inference.frames import FRAME
from ser.inference.sound import Recording, Sound, open_sound
from ser.inference.windows import WindowCutter, cut, default_hop, even_starts, voice_shares
from ser.model_files.description import ModelDescription
from ser.model_files.probabilities import Answers
from ser.model_files.source import AdaptedStatistics
from ser.parallel import thread_map

if TYPE_CHECKING:
    from ser.model_files.onnx_file import OnnxModel

UNLIKE = "unlike what the model was trained on: doubt its answer"

UNSURE = "unsure"
"""What stands in the emotion's place where its probability is below the smallest that was asked for."""

_Reading = Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""What is asked of a model: arrays, (batch, *shape) each, to rows (batch, n_values)."""

_BATCH = 32  # windows whose features are in memory at once


class LoadedModel(Protocol):
    """A network and its description: of `ser.model_files`, an `OnnxModel` or, with torch, a `Model`."""

    @property
    def description(self) -> ModelDescription:
        """What its file says of it."""

    def probabilities(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Map arrays, (batch, *shape) each, to probabilities (batch, n_classes), float64."""

    def answers(self, arrays: Mapping[str, np.ndarray]) -> Answers:
        """The same, lower where a recording is unlike all training, and how unlike it is."""


@dataclass(frozen=True)
class Prediction:
    """What a model hears in one recording.

    Attributes:
        emotion: the most probable one.
        probabilities: of every emotion, in the model's order; they sum to 1.
        seconds: length of the recording without leading and trailing silence.
        windows: in how many the model heard it; 1, if it is no longer than what the model hears at once.
        notes: what is missing of the recording, or odd about it; lines that begin with its name.
        unlike: whether it is unlike what the model was trained on, by a network that can tell: noise, music, another
            kind of voice. Its probabilities are then nearer to one another.
    """

    emotion: str
    probabilities: dict[str, float]
    seconds: float
    windows: int
    notes: tuple[str, ...] = ()
    unlike: bool = False

    @property
    def confidence(self) -> float:
        """The probability of the most probable emotion."""
        return self.probabilities[self.emotion]


class Predictor:
    """Predicts from the model file alone: front end and class names travel in it. Threads may share one.

        predictor = Predictor.load("models/model.onnx")
        predictor.predict("a.wav").emotion

    A recording that is longer than what the model hears at once is heard in windows, as
    `ser.inference.timeline.read_timeline` cuts them, and its probabilities are the mean of theirs, weighted by voice:
    every moment of it counts once, as what the windows that hear it say on average. Where the voice gate finds no
    phrase that is long enough, windows all over the recording count alike.

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
    def adapted_by(self) -> AdaptedStatistics | None:
        """What a source's recordings gave, if the model is adapted to one."""
        return getattr(self.model.description, "adapted", None)

    @property
    def window_seconds(self) -> float:
        """How much the model hears at once."""
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
        params = self.model.description.front_end
        with open_sound(recording, sampling_rate, params) as sound:
            rows, weights = self._hear(sound, self._answers)
        *shares, away = np.average(rows, axis=0, weights=weights)
        probabilities = np.array(shares)
        return Prediction(
            emotion=self.classes[int(probabilities.argmax())],
            probabilities=dict(zip(self.classes, probabilities.tolist(), strict=True)),
            seconds=(sound.end - sound.start) / params.sampling_rate,
            windows=len(rows),
            notes=sound.notes,
            unlike=bool(away > 1),
        )

    def hear(self, recording: Recording, sampling_rate: int | None = None) -> Heard:
        """Read a recording as `predict` does, for `statistics_of`: all its windows, and by the statistics of train.

        Args:
            recording: as for `predict`.
            sampling_rate: as for `predict`.

        Raises:
            InputError: the recording cannot be used, or the model cannot be adapted.
        """
        plain = self._adaptable().adapted(None)
        with open_sound(recording, sampling_rate, self.model.description.front_end) as sound:
            rows, _ = self._hear(
                sound, lambda arrays: np.hstack([plain.probabilities(arrays), plain.embeddings(arrays)])
            )
        return Heard(*np.hsplit(rows, [len(self.classes)]))

    def statistics_of(self, recordings: Sequence[Heard]) -> AdaptedStatistics:
        """What recordings of one source have in common.

        Args:
            recordings: at least `ser.inference.adaptation.FEWEST`, with several emotions, which need not be known.

        Raises:
            InputError: there are too few, or the model cannot be adapted; `ser.inference.adaptation.OneEmotionError` if
                they differ so little that they seem to carry the same emotion.
        """
        return source_statistics(self._adaptable(), recordings)

    def adapted_to(self, statistics: AdaptedStatistics) -> "Predictor":
        """The same model for other recordings of the source that these statistics are of."""
        return Predictor(self._adaptable().adapted(statistics))

    def adapted(
        self, recordings: Sequence[Recording] | np.ndarray, sampling_rate: int | None = None, jobs: int | None = None
    ) -> "Predictor":
        """The same model, told that recordings are of one source: one microphone, call centre or speaker.

            predictor.adapted(calls).predict(calls[0]).emotion

        Args:
            recordings: as for `predict_many`; as many as for `statistics_of`.
            sampling_rate: as for `predict`.
            jobs: number of threads; None: as many as there are cores.

        Raises:
            InputError: a recording cannot be used; or as `statistics_of`.
        """
        heard = thread_map(lambda one: self.hear(one, sampling_rate), list(recordings), jobs)
        return self.adapted_to(self.statistics_of(list(heard)))

    def _adaptable(self) -> "OnnxModel":
        from ser.model_files.onnx_file import OnnxModel  # noqa: PLC0415 (what safetensors do without)

        if not isinstance(self.model, OnnxModel):
            raise InputError("only an exported model can be adapted, such as models/model.onnx")
        return self.model

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
        found = [list(self.predict(one, sampling_rate).probabilities.values()) for one in recordings]
        return np.array(found, dtype=np.float64).reshape(-1, len(self.classes))

    def read_windows(self, windows: Sequence[np.ndarray]) -> np.ndarray:
        """Read each window of a signal as `predict` reads a recording of it.

        Args:
            windows: each of shape (n_samples,), at the front end's sampling rate and no longer than it hears.

        Returns:
            Probabilities, float64, shape (n_windows, n_classes).
        """
        return self._read_windows(windows, self._answers)[:, :-1]

    def _answers(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Probabilities, and the distance from what was trained on as a last column."""
        return np.column_stack(self.model.answers(arrays))

    def _read_windows(self, windows: Sequence[np.ndarray], read: _Reading) -> np.ndarray:
        params = self.model.description.front_end
        signals = [prepare_signal(window[:, np.newaxis], params.sampling_rate, params) for window in windows]
        return self._read(signals, read)

    def _read(self, signals: Sequence[np.ndarray], read: _Reading) -> np.ndarray:
        params = self.model.description.front_end
        return read(batch_of([front_end(signal, params) for signal in signals]))

    def _hear(self, sound: Sound, read: _Reading) -> tuple[np.ndarray, np.ndarray]:
        """What is read of all of a sound: a row for each of its windows, and their weights, shape (n_windows,)."""
        params = self.model.description.front_end
        length, hop = sound.end - sound.start, round(default_hop(params) * params.sampling_rate)
        if length < params.n_samples + FRAME * params.sampling_rate:  # what is shorter than a frame is no voice
            return self._read(list(cut(sound.blocks(), [sound.start], length)), read), np.ones(1)
        cutter = WindowCutter(params, hop)
        rows = self._read_all(cutter.windows(sound.blocks()), read)
        if rows:
            return np.concatenate(rows), voice_shares(np.array(cutter.edges))
        starts = even_starts(sound.start, sound.end, params.n_samples, hop)
        rows = self._read_all(cut(sound.blocks(), starts, params.n_samples), read)
        return np.concatenate(rows), np.ones(len(starts))

    def _read_all(self, windows: Iterator[np.ndarray], read: _Reading) -> list[np.ndarray]:
        """The rows of all windows, with only a few of these in memory at once."""
        rows = []
        while batch := list(islice(windows, _BATCH)):
            rows.append(self._read_windows(batch, read))
        return rows


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
