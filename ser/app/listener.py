"""What follows when something is done on the page."""

import hashlib
import io
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr
import numpy as np

from ser.app import parts, pictures
from ser.app.decoder import NAME
from ser.app.decoding import DecodersGoneError
from ser.app.engine import Engine
from ser.app.places import BusyError
from ser.app.settings import MEGABYTE
from ser.description import ExportedDescription, ModelDescription
from ser.errors import InputError
from ser.features import prepare_signal
from ser.predictor import Prediction
from ser.timeline import read_timeline
from ser.timeline_picture import draw_timeline

if TYPE_CHECKING:
    from ser.model_file import Model


class Shown(NamedTuple):
    """What the page shows of a recording, as HTML, and the prediction that it keeps."""

    prediction: Prediction | None
    answer: str
    heard: str = parts.NOTHING
    explanation: str = parts.NOTHING


class Listener:
    """Answers what is done on the page.

    Args:
        engine: decodes and predicts.
        trained: the model file for explanations, or None.
    """

    def __init__(self, engine: Engine, trained: Path | None) -> None:
        self.engine, self.trained = engine, trained
        self.description = engine.predictor.model.description
        settings = engine.settings
        self.invitation = parts.invitation(settings.max_seconds, settings.max_bytes / MEGABYTE)

    async def listen(self, path: str | None, least: float) -> tuple[Any, ...]:
        """Answer a recording.

        Args:
            path: where gradio has put it.
            least: probability below which the emotion is unsure.

        Returns:
            The values of the component it came from, of the other one, and `Shown`.
        """
        if path is None:
            return gr.skip(), gr.skip(), *self.forget()
        try:
            with self.engine.places.taken(None):
                signal = (await self.engine.decode(_read(path))).signal
                prediction = await self.engine.predict(signal)
                heard = await self.engine.run(self._heard, signal, prediction)
        except (InputError, BusyError, DecodersGoneError) as error:
            return None, None, *Shown(None, parts.refusal(_reason(error)))
        answer = parts.answer(prediction, least, self.engine.predictor.heard_seconds)
        return gr.skip(), None, *Shown(prediction, answer, heard)

    def forget(self) -> Shown:
        """What is shown when there is no recording any more."""
        return Shown(None, self.invitation)

    def answer(self, prediction: Prediction | None, least: float) -> Any:
        """Answer with another least confidence, if there is a recording; it is forgotten after some time."""
        return parts.answer(prediction, least, self.engine.predictor.heard_seconds) if prediction else gr.skip()

    async def explain(self, voice: str | None, file: str | None, emotion: str) -> str:
        """Show what spoke for an emotion in the recording, which is either a voice or a file."""
        path = voice or file
        if path is None:
            return parts.NOTHING
        try:
            with self.engine.places.taken(None):
                signal = (await self.engine.decode(_read(path))).signal
                return await self.engine.run(self._explanation, signal, emotion)
        except (InputError, BusyError, DecodersGoneError) as error:
            return parts.refusal(_reason(error))

    def _heard(self, signal: np.ndarray, prediction: Prediction) -> str:
        params = self.description.front_end
        heard = self._prepared(signal)[: params.n_samples]
        shown = [
            pictures.player(heard, params.sampling_rate),
            pictures.image(
                pictures.png(pictures.draw_heard(heard, params)),
                "Waveform and log-mel spectrogram of what the model hears.",
            ),
        ]
        if prediction.seconds > params.duration:
            wav = io.BytesIO(pictures.to_wav(signal, params.sampling_rate))
            timeline = read_timeline(self.engine.predictor, wav, jobs=1)  # the service spreads recordings over threads
            shown += [
                "<h2>Over time</h2>",
                pictures.image(draw_timeline(timeline, ""), "Emotions over time, below waveform and spectrogram."),
            ]
        return "".join(shown)

    def _explanation(self, signal: np.ndarray, emotion: str) -> str:
        from ser.explanation import draw_explanation, explain  # noqa: PLC0415 (torch, which may not be there)

        explanation = explain(
            self._trained_model, self._prepared(signal), None if emotion == parts.MOST_PROBABLE else emotion
        )
        return pictures.image(
            pictures.png(draw_explanation(explanation)),
            f"What in the spectrogram spoke for {explanation.emotion}, and what against.",
        )

    @cached_property
    def _trained_model(self) -> "Model":
        from ser.model_file import read_model  # noqa: PLC0415 (torch, which may not be there)

        assert self.trained is not None  # noqa: S101 (else there is no button)
        return read_model(self.trained)

    def _prepared(self, signal: np.ndarray) -> np.ndarray:
        params = self.description.front_end
        return prepare_signal(signal[:, np.newaxis], params.sampling_rate, params)


def find_trained(model: Path, description: ModelDescription) -> Path | None:
    """The model file that torch reads, of the model that answers, if it is there and what explains is installed.

    Args:
        model: the file of the model that answers.
        description: what it says of itself.
    """
    if any(find_spec(name) is None for name in ("torch", "captum", "librosa")):
        return None
    if not isinstance(description, ExportedDescription):
        return model
    trained = model.with_suffix(".safetensors")
    if not trained.is_file():
        return None
    md5 = hashlib.md5(trained.read_bytes(), usedforsecurity=False).hexdigest()
    return trained if md5 == description.trained_md5 else None


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # removed, after `UPLOADS_KEPT` seconds
        raise InputError("the recording is not here any more; record or upload it again") from None


def _reason(error: Exception) -> str:
    """What to tell of an error, without what the decoder calls the file."""
    if isinstance(error, InputError):
        return f"This recording cannot be used: {str(error).removeprefix(f'{NAME}: ')}."
    return "Too many recordings at once, or none can be decoded at the moment. Try again soon."
