"""The HTTP service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from ser.app.answers import Error, HealthAnswer, ModelAnswer, PredictionAnswer
from ser.app.engine import Engine
from ser.app.errors import answer_errors
from ser.app.limits import BodyLimits
from ser.app.settings import Settings
from ser.errors import InputError
from ser.predictor import Predictor

UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary", "description": "The recording."}},
                    "additionalProperties": False,
                }
            }
        },
    }
}
"""The body of a prediction's request: read by hand, so that nothing of it is read before there is a free slot."""

ERRORS = {
    400: "The form cannot be read.",
    408: "The request took too long to arrive.",
    413: "The request is too large.",
    415: "The body is no form.",
    422: "The recording or a parameter cannot be used.",
    429: "As many recordings are being worked on as are allowed.",
    503: "No recording can be decoded at the moment.",
}


def create_app(predictor: Predictor, settings: Settings) -> FastAPI:
    """Make the service of a model.

    Args:
        predictor: the model.
        settings: its limits. It does not listen by itself: host and port are for the one who runs it.
    """
    engine = Engine(predictor, settings, lambda _: None)
    model = ModelAnswer.of(predictor)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engine.running():
            yield

    app = FastAPI(
        title="Speech emotion recognition",
        description="Which emotion does a voice carry?",
        version=version("speech-emotion"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.engine = engine
    app.add_middleware(BodyLimits, settings=settings)
    answer_errors(app)

    @app.get("/health")
    async def health() -> HealthAnswer:
        """Say that the service is well, and which model answers."""
        return HealthAnswer(status="ok", version=app.version, model=model)

    @app.post("/predict", openapi_extra=UPLOAD, responses=_errors())
    async def predict(
        request: Request,
        min_confidence: Annotated[
            float, Query(ge=0, le=1, description="Call the emotion 'unsure' where its probability is lower.")
        ] = 0.0,
    ) -> PredictionAnswer:
        """Say which emotion a recording carries: WAV, FLAC, Ogg or MP3; M4A, MP4 and WebM if ffmpeg is installed."""
        with engine.slot():
            name, data = await _read_upload(request)
            prediction = await engine.predict(await engine.decode(data))
        return PredictionAnswer.of(name, prediction, min_confidence, model)

    return app


def _errors() -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Error, "description": description} for status, description in ERRORS.items()}


async def _read_upload(request: Request) -> tuple[str, bytes]:
    """The name and content of the file in a form.

    Raises:
        HTTPException: it is no form (415), or one that cannot be read (400).
        InputError: it holds something else.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise HTTPException(415, f"expected multipart/form-data, found {kind or 'no content type'}")
    async with request.form(max_files=1, max_fields=1) as form:
        file = form.get("file")
        if len(form) != 1 or not isinstance(file, UploadFile):
            raise InputError("expected a form with one field 'file' that holds a recording")
        return file.filename or "", await file.read()
