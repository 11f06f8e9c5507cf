"""Bodies, before every route: how large one may be, how quickly it must arrive, and how many there are at once."""

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ser.app.engine import Engine
from ser.app.error_answers import busy, error_answer
from ser.app.places import BusyError
from ser.app.settings import MEGABYTE
from ser.app.uploads import FORM, media_type

MAX_OTHER = 1 << 16
"""Bytes of a body that is no upload."""

GRACE = 3.0
"""Seconds until a body must have begun to arrive."""

MIN_RATE = 4000
"""Bytes a second that a sender must keep up after that."""

HELD = 4
"""So many of the largest uploads are in memory at once, or more that are smaller."""


class BodyLimits:
    """ASGI middleware that gives every request with a body a place (429), until it is answered.

    It ends one whose body is too large (413) or too slow (408) while it is being read.

    Args:
        app: what it stands before.
        engine: has the places, and settings `max_bytes` and `timeout`.
    """

    def __init__(self, app: ASGIApp, engine: Engine) -> None:
        self.app, self.engine = app, engine
        self._n_held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length, in_chunks = headers.get("content-length"), "transfer-encoding" in headers
        if length in (None, "0") and not in_chunks:
            await self.app(scope, receive, send)
            return
        max_bytes = self.engine.settings.max_bytes if media_type(headers) == FORM else MAX_OTHER
        if in_chunks and length is not None:  # two lengths: a proxy may have believed the other one
            refusal = error_answer(400, "expected one length of the body, found two", {"Connection": "close"})
            await refusal(scope, receive, send)
        elif length and int(length) > max_bytes:
            await error_answer(413, _too_large(max_bytes))(scope, receive, send)
        else:
            await self._answer(scope, receive, send, max_bytes)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, max_bytes: int) -> None:
        n_bytes, more = 0, True
        started = asyncio.get_running_loop().time()

        async def limited() -> Message:
            nonlocal n_bytes, more
            if not more:  # what comes now is that the client has gone, which may take as long as it likes
                return await receive()
            message = await self._in_time(receive, started, n_bytes)
            n_new, more = len(message.get("body", b"")), message.get("more_body", False)
            n_bytes += n_new
            self._n_held += n_new
            if n_bytes > max_bytes:
                raise HTTPException(413, _too_large(max_bytes))
            if self._n_held > HELD * self.engine.settings.max_bytes:
                raise BusyError
            return message

        try:
            with self.engine.places.taken(scope.get("client")):
                try:
                    await self.app(scope, limited, send)
                finally:
                    self._n_held -= n_bytes
        except BusyError:
            await busy()(scope, receive, send)

    async def _in_time(self, receive: Receive, started: float, n_bytes: int) -> Message:
        timeout = self.engine.settings.timeout
        try:
            async with asyncio.timeout_at(started + min(timeout, GRACE + n_bytes / MIN_RATE)):
                return await receive()
        except TimeoutError:
            raise HTTPException(
                408, f"expected a request that arrives within {timeout:g} s, at {MIN_RATE} B/s, found a slower one"
            ) from None


def _too_large(max_bytes: int) -> str:
    return f"expected at most {max_bytes / MEGABYTE:.3g} MB, found more"
