"""The command `ser serve`."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ser.app.settings import MEGABYTE, TOKEN_VARIABLE, Settings
from ser.cli.options import ModelOption, choose
from ser.errors import InputError, user_errors

if TYPE_CHECKING:
    from fastapi import FastAPI

DEFAULT = Settings()


def serve(
    model: ModelOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0: all of them.")] = DEFAULT.host,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = DEFAULT.port,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Name that it is called by, besides addresses and localhost."),
    ] = None,
    max_mb: Annotated[
        float, typer.Option(min=0.01, max=1000, help="Largest upload, in megabytes; beyond, 413.")
    ] = DEFAULT.max_bytes / MEGABYTE,
    max_seconds: Annotated[
        float, typer.Option(min=1, max=7200, help="Longest recording; beyond, 422.")
    ] = DEFAULT.max_seconds,
    concurrency: Annotated[
        int, typer.Option(min=1, max=1000, help="Recordings worked on at once, and streams open at once; beyond, 429.")
    ] = DEFAULT.concurrency,
    timeout: Annotated[
        float,
        typer.Option(
            min=0.1,
            max=600,
            help="Seconds for a request to arrive (408), and for a recording to be decoded (422).",
        ),
    ] = DEFAULT.timeout,
) -> None:
    """Answer over HTTP, and on a page, which emotion recordings carry.

    / is the page, to record or upload a voice. POST /predict takes a recording, the WebSocket /predict/stream a voice
    that is still speaking; /docs describes them and lets you try, /health and /metrics are for those who watch. It ends
    with Ctrl-C or SIGTERM, once what it works on is answered.

    It listens to this machine alone unless --host says otherwise. If the variable SER_TOKEN is set, requests must bring
    its value, as 'Authorization: Bearer VALUE'.

    Example: SER_TOKEN=$(openssl rand -hex 24) ser serve --host 0.0.0.0

    curl -F file=@call.wav http://127.0.0.1:8000/predict
    """
    with user_errors():
        settings = Settings(
            host=host,
            port=port,
            allowed_hosts=tuple(allow_host or ()),
            token=os.environ.pop(TOKEN_VARIABLE, None),  # nothing that is started from here needs it
            max_bytes=int(max_mb * MEGABYTE),
            max_seconds=max_seconds,
            concurrency=concurrency,
            timeout=timeout,
        )
        with _listen(settings) as listener:
            app = _make_app(model, settings)
            from ser.app.server import run  # noqa: PLC0415

            run(app, listener)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except (OSError, UnicodeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0]
        raise InputError(f"{settings.host}:{settings.port}: cannot listen there: {reason}") from None


def _make_app(model: Path | None, settings: Settings) -> "FastAPI":
    from ser.app.page.handlers import find_trained  # noqa: PLC0415 (--help need not wait for it)
    from ser.app.service import create_app  # noqa: PLC0415

    chosen = choose(model)
    predictor = chosen.predictor
    return create_app(predictor, settings, find_trained(chosen.path, predictor.model.description))
