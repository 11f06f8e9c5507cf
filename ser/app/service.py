"""The HTTP service: its routes, and what stands before them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, WebSocket
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import HTMLResponse, Response

from ser.app import uploads
from ser.app.counters import Metrics
from ser.app.engine import Engine
from ser.app.error_answers import answer_errors, described
from ser.app.middleware.body_limits import BodyLimits
from ser.app.middleware.host_gate import HostGate
from ser.app.middleware.request_log import RequestLog
from ser.app.middleware.token_gate import LOGIN, TokenGate, login
from ser.app.page.mount import add_page
from ser.app.schemas import HealthAnswer, ModelAnswer, PredictionAnswer
from ser.app.settings import Settings
from ser.app.streaming import answer_stream
from ser.inference.predictor import Predictor

DESCRIPTION = """\
Which emotion does a voice carry?

A voice that is still speaking goes to the WebSocket /predict/stream: first the text \
{"sampling_rate": 16000, "format": "pcm16"}, then chunks of samples (mono, little-endian; or "float32"). \
A result comes back for every half second.
"""

TEXT: dict[int | str, Any] = {
    200: {"description": "The counts.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}

DOCS = Path(__file__).with_name("docs.html")
DOCS_POLICY = "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
"""Whatever the page may come to hold, a browser loads nothing for it from elsewhere."""


def create_app(predictor: Predictor, settings: Settings, trained: Path | None = None) -> FastAPI:
    """Make the service of a model.

    Args:
        predictor: the model.
        settings: its limits and its token. It does not listen by itself: host and port are for the one who runs it.
        trained: the model file that the page's explanations are made from; None: it offers none.

    Returns:
        The service; its `ser.app.engine.Engine` is ``app.state.engine``.
    """
    metrics = Metrics()
    engine = Engine(predictor, settings, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engine.running():
            yield

    app = FastAPI(
        title="Speech emotion recognition",
        description=DESCRIPTION,
        version=version("speech-emotion"),
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own pages load their scripts from elsewhere
        redoc_url=None,
    )
    app.state.engine = engine
    answer_errors(app)
    _add_routes(app, engine)
    add_page(app, engine, trained)
    if settings.token is not None:
        _add_login(app, settings.token)
    # What a request passes before it comes to a route: the last one first.
    app.add_middleware(BodyLimits, engine=engine)
    if settings.token is not None:
        app.add_middleware(TokenGate, token=settings.token)
    app.add_middleware(HostGate, settings=settings)
    app.add_middleware(RequestLog, metrics=metrics, routes=app.routes)
    return app


def _add_routes(app: FastAPI, engine: Engine) -> None:
    token = engine.settings.token is not None
    # It asks for nothing: `TokenGate` does, before anything of a request is read. It is for the description.
    guarded = [Depends(HTTPBearer(auto_error=False))] if token else []
    model = ModelAnswer.of(engine.predictor)

    @app.get("/health", response_description="It is well.")
    async def health() -> HealthAnswer:
        """Say that the service is well, and which model answers."""
        return HealthAnswer(status="ok", version=app.version, model=model)

    @app.post(
        "/predict",
        response_description="What the model hears.",
        openapi_extra=uploads.DESCRIPTION,
        responses=described(400, 403, 408, 413, 415, 421, 422, 429, 503, token=token),
        dependencies=guarded,
    )
    async def predict(
        request: Request,
        min_confidence: Annotated[
            float, Query(ge=0, le=1, description="Call the emotion 'unsure' where its probability is lower.")
        ] = 0.0,
    ) -> PredictionAnswer:
        """Say which emotion a recording carries.

        WAV, FLAC, Ogg, MP3, AIFF, AU, CAF or W64; M4A, MP4, WebM, WMA and AMR if ffmpeg is installed.
        """
        name, data = await uploads.read_upload(request)
        heard = await engine.decode(data)
        prediction = replace(await engine.predict(heard.signal), notes=heard.notes)
        return PredictionAnswer.of(name, prediction, min_confidence, model)

    @app.websocket("/predict/stream")
    async def stream(socket: WebSocket) -> None:
        await answer_stream(socket, engine)

    @app.get("/metrics", response_class=Response, responses=TEXT | described(token=token), dependencies=guarded)
    async def metrics() -> Response:
        """Counts and times, in Prometheus's text format."""
        return Response(engine.metrics.page(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(DOCS.read_bytes(), headers={"Content-Security-Policy": DOCS_POLICY})


def _add_login(app: FastAPI, token: str) -> None:
    async def answer_login(request: Request) -> Response:
        return await login(request, token)

    app.add_route(LOGIN, answer_login, methods=["POST"])
