"""Which of gradio's many routes are open: those that the page asks for."""

import re
from contextlib import ExitStack, suppress
from pathlib import Path

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ser.app.engine import Engine
from ser.app.places import BusyError

UPLOAD = "/gradio_api/upload"

OPEN = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/(?:assets|static)/.+"
    r"|/gradio_api/(?:upload|upload_progress|queue/join|queue/data|heartbeat/\w+|file=/.+)"
)
"""Behind the others, gradio fetches addresses for strangers, runs ffmpeg, and writes files that nothing removes."""


class Doors:
    """ASGI middleware before gradio: answers 404 beside `OPEN`, and 429 to uploads beyond what the service allows.

    Args:
        app: gradio.
        engine: of which an upload takes a slot while it arrives.
        uploads: the folder for them; it may hold as much as the service takes at once.
    """

    def __init__(self, app: ASGIApp, engine: Engine, uploads: Path) -> None:
        self.app, self.engine, self.uploads = app, engine, uploads
        self.max_bytes = engine.settings.concurrency * engine.settings.max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and not OPEN.fullmatch(scope["path"]):
            await JSONResponse({"error": "Not Found"}, 404)(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == UPLOAD:
            await self._upload(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        with ExitStack() as stack:
            try:
                stack.enter_context(self.engine.places.taken(None))
                full = _size(self.uploads) > self.max_bytes
            except BusyError:
                full = True
            answer = JSONResponse({"error": "too many uploads; try again"}, 429) if full else self.app
            await answer(scope, receive, send)


def _size(folder: Path) -> int:
    """Count the bytes of the files in a folder."""
    n_bytes = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # removed since
            n_bytes += path.stat().st_size if path.is_file() else 0
    return n_bytes
