"""The page's routes: its files, held in memory, and what its script asks for."""

from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from ser.app.engine import Engine
from ser.app.page.handlers import Explainer, Listener
from ser.app.page.html import page

STATIC = Path(__file__).with_name("static")

FILES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "pictures.js": "text/javascript",
    "recorder.js": "text/javascript",
    "microphone.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""What the page loads, and of which media type it is."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src blob:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
}
"""Whatever the page may come to hold, a browser runs no script that is not in `FILES`, and asks no other machine."""


def add_page(app: FastAPI, engine: Engine, trained: Path | None) -> None:
    """Show the page at ``/``; what it needs besides is under ``/page/``.

    Args:
        app: the service.
        engine: what it decodes and predicts with.
        trained: the model file that explanations are made from; None: the page offers none.
    """
    description = engine.predictor.model.description
    _add_file(app, "/", page(description, engine.settings, explains=trained is not None).encode(), "text/html")
    for name, media_type in FILES.items():
        _add_file(app, f"/page/{name}", (STATIC / name).read_bytes(), media_type)
    app.post("/page/listen", include_in_schema=False)(Listener(engine).listen)
    if trained is not None:
        app.post("/page/explain", include_in_schema=False)(Explainer(engine, trained).explain)


def _add_file(app: FastAPI, path: str, content: bytes, media_type: str) -> None:
    async def answer(_: Request) -> Response:
        return Response(content, media_type=media_type, headers=HEADERS)

    app.add_route(path, answer)
