"""What the page's script asks for: everything there is to say of a recording, and what spoke for an emotion."""

import hashlib
import io
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse

from ser.app.decoder_pool import Heard
from ser.app.engine import Engine
from ser.app.page import pictures
from ser.app.uploads import read_upload
from ser.features.front_end import prepare_signal
from ser.inference.predictor import UNLIKE
from ser.inference.timeline import read_timeline
from ser.model_files.description import ExportedDescription, ModelDescription

if TYPE_CHECKING:
    from ser.model_files.safetensors_file import Model


class Listener:
    """Answers the page's script. The browser keeps the recording, and sends it anew for each question.

    Args:
        engine: decodes and predicts.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.params = engine.predictor.model.description.front_end

    async def listen(self, request: Request) -> JSONResponse:
        """Answer a form as `/predict` takes it: with the emotion, what was heard, and the emotions over time.

        Raises:
            HTTPException: the form cannot be read.
            InputError: the recording cannot be used.
        """
        heard = await self._decoded(request)
        prediction = await self.engine.predict(heard.signal)
        shown = await self.engine.run(self._shown, heard.signal, prediction.seconds)
        answer = {
            "emotion": prediction.emotion,
            "confidence": prediction.confidence,
            "probabilities": prediction.probabilities,
            "seconds": prediction.seconds,
            "notes": [UNLIKE[0].upper() + UNLIKE[1:] + ".", *heard.notes] if prediction.unlike else heard.notes,
        }
        return JSONResponse(answer | shown)

    async def _decoded(self, request: Request) -> Heard:
        _, data = await read_upload(request)
        return await self.engine.decode(data)

    def _shown(self, signal: np.ndarray, seconds: float) -> dict[str, Any]:
        heard = self._prepared(signal)[: self.params.n_samples]
        shown: dict[str, Any] = {"heard": pictures.heard(heard, self.params)}
        if seconds > self.params.duration:
            wav = io.BytesIO(pictures.to_wav(signal, self.params.sampling_rate))
            # One thread: the service spreads recordings over them.
            shown["timeline"] = pictures.over_time(read_timeline(self.engine.predictor, wav, jobs=1))
        return shown

    def _prepared(self, signal: np.ndarray) -> np.ndarray:
        return prepare_signal(signal[:, np.newaxis], self.params.sampling_rate, self.params)


class Explainer(Listener):
    """Answers with what spoke for an emotion as well.

    Args:
        engine: decodes and predicts.
        trained: the model file that explanations are made from.
    """

    def __init__(self, engine: Engine, trained: Path) -> None:
        super().__init__(engine)
        self.trained = trained

    async def explain(self, request: Request, emotion: str | None = None) -> JSONResponse:
        """Answer the same form with what spoke for an emotion: the most probable one, if none is named.

        Raises:
            HTTPException: the form cannot be read.
            InputError: the recording cannot be used, or the model knows no such emotion.
        """
        heard = await self._decoded(request)
        return JSONResponse(await self.engine.run(self._explanation, heard.signal, emotion))

    def _explanation(self, signal: np.ndarray, emotion: str | None) -> dict[str, Any]:
        from ser.inference.explanation import explain  # noqa: PLC0415 (torch, which may not be there)

        heard = self._prepared(signal).copy()  # torch warns of memory that it may not write to, as decoded signals are
        return pictures.explained(explain(self._trained_model, heard, emotion))

    @cached_property
    def _trained_model(self) -> "Model":
        from ser.model_files.safetensors_file import read_model  # noqa: PLC0415 (torch, which may not be there)

        return read_model(self.trained)


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
