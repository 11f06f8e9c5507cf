"""Running the service: from a listening socket to a signal that ends it."""

import asyncio
import ipaddress
import logging
import signal
import socket

import uvicorn
from fastapi import FastAPI

from ser.app.engine import Engine
from ser.app.logs import CONFIG
from ser.app.settings import TOKEN_VARIABLE, Settings
from ser.app.streaming import MAX_MESSAGE

MAX_CONNECTIONS = 1000
"""Open at once; beyond, they are answered 503. Systems commonly let a process open 1024 files."""

CLOSING = 3
"""Seconds that connections are given to close after all recordings are answered."""

logger = logging.getLogger(__name__)


def run(app: FastAPI, listener: socket.socket) -> None:
    """Answer what comes to a listening socket, until SIGTERM or SIGINT; then finish what is worked on, and return."""
    config = uvicorn.Config(
        app,
        log_config=CONFIG,
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=CLOSING,
        ws_max_size=MAX_MESSAGE,
        ws_per_message_deflate=False,  # samples hardly shrink, and what is packed can be larger than it looks
    )
    # uvicorn handles both, and afterwards raises them again, for whoever handled them before: that is nobody.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, signal.SIG_IGN)
    _Server(config, app.state.engine).run([listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, engine: Engine) -> None:
        super().__init__(config)
        self._engine = engine

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            host, port = listener.getsockname()[:2]
            logger.info("listening", extra={"fields": {"url": _url(host, port)}})
            _warn_strangers(host, self._engine.settings)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        logger.info("stopping")
        for server in self.servers:
            server.close()
        # uvicorn's own patience is for all connections alike, and a browser may keep some open for good.
        try:
            async with asyncio.timeout(2 * self._engine.settings.timeout):
                await self._engine.idle()
        except TimeoutError:
            logger.warning("stopping though recordings are worked on")
        await super().shutdown(sockets)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _warn_strangers(host: str, settings: Settings) -> None:
    if settings.token is None and not ipaddress.ip_address(host).is_loopback:
        logger.warning(f"{TOKEN_VARIABLE} is not set: whoever reaches this machine is answered")
