"""What stands before every route, the page's too: how large a body may be, and how long it may take to arrive."""

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ser.app.settings import MEGABYTE, Settings


class BodyLimits:
    """ASGI middleware that ends a request whose body is too large (413) or too slow (408) while it is being read.

    Args:
        app: what it stands before.
        settings: `max_bytes` and `timeout`.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self._too_slow = f"expected a request that arrives within {settings.timeout:g} s, found a slower one"
        self._too_large = f"expected at most {settings.max_bytes / MEGABYTE:.3g} MB, found more"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > self.settings.max_bytes:
            await JSONResponse({"error": self._too_large}, 413)(scope, receive, send)
            return
        await self.app(scope, self._limited(receive), send)

    def _limited(self, receive: Receive) -> Receive:
        n_bytes, more = 0, True
        deadline = asyncio.get_running_loop().time() + self.settings.timeout

        async def limited() -> Message:
            nonlocal n_bytes, more
            if not more:  # what comes now is that the client has gone, which may take as long as it likes
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, self._too_slow) from None
            n_bytes += len(message.get("body", b""))
            more = message.get("more_body", False)
            if n_bytes > self.settings.max_bytes:
                raise HTTPException(413, self._too_large)
            return message

        return limited
