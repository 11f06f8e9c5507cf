"""Every request is counted and logged: its route, status, time; nothing of its content, address or sender."""

import logging
from collections.abc import Sequence
from time import perf_counter

from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ser.app.counters import Metrics

logger = logging.getLogger(__name__)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER = "other"

_STARTS = ("http.response.start", "websocket.http.response.start", "websocket.accept")
"""ASGI's messages that an answer begins with."""


class RequestLog:
    """ASGI middleware, before all others.

    Args:
        app: what it stands before.
        metrics: counts.
        routes: whose paths are named, also those that are added later; what is asked for besides is ``other``.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Sequence[BaseRoute]) -> None:
        self.app, self.metrics, self.routes = app, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or a WebSocket on, and look at how it is answered."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        status, n_bytes = 500, 0  # which is what the server answers if nobody else does

        async def counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body") or message.get("bytes") or b"")
            return message

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] in _STARTS:
                status = message.get("status", 101)
            await send(message)

        try:
            await self.app(scope, counted, watched)
        finally:
            self._note(scope, status, n_bytes, perf_counter() - started)

    def _note(self, scope: Scope, status: int, n_bytes: int, seconds: float) -> None:
        named = any(isinstance(one, Route | WebSocketRoute) and one.path == scope["path"] for one in self.routes)
        route = scope["path"] if named else OTHER
        method = scope.get("method", "GET")  # a WebSocket's handshake
        method = method if method in METHODS else OTHER
        self.metrics.requests.labels(route, method, status).inc()
        if status != 101:
            self.metrics.request_seconds.labels(route).observe(seconds)
        fields = {"method": method, "route": route, "status": status, "bytes": n_bytes, "seconds": round(seconds, 4)}
        logger.info("request", extra={"fields": fields})
