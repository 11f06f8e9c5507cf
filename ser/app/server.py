"""Running the service: from a listening socket to a signal that ends it."""

import asyncio
import ipaddress
import logging
import resource
import signal
import socket
from functools import partial
from typing import cast

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from ser.app.connections import HEAD_BYTES, Connection, Connections, Stream
from ser.app.engine import Engine
from ser.app.logs import lines_of_json
from ser.app.settings import TOKEN_VARIABLE, Settings
from ser.app.streaming import MAX_MESSAGE
from ser.errors import InputError

MAX_CONNECTIONS = 1000
"""Open at once, if the system lets the process open as many files."""

CLOSING = 3
"""Seconds that connections are given to close after all recordings are answered."""

_ACCEPTED = 16  # connections at once; those that are too many are closed three rounds later
_WAITING = 4096  # connections that the system holds until they are accepted
_OWN_FILES = 32 + 4 * _ACCEPTED
_FILES_PER_WORKER = 8  # pipes to a process, and while it is replaced

logger = logging.getLogger(__name__)


def run(app: FastAPI, listener: socket.socket) -> None:
    """Answer what comes to a listening socket, until SIGTERM or SIGINT; then finish what is worked on, and return.

    Raises:
        InputError: the system lets this process open too few files.
    """
    connections = Connections(_n_connections(app.state.engine.settings))
    with lines_of_json():
        # uvicorn handles both, and afterwards raises them again, for whoever handled them before: that is nobody.
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, signal.SIG_IGN)
        _Server(config(app, connections), app.state.engine).run([listener])


def config(app: ASGIApp, connections: Connections) -> uvicorn.Config:
    """Have uvicorn serve with what is in `ser.app.connections`, and leave the log as it is."""
    return uvicorn.Config(
        app,
        # It calls what it is given, which need not be a class.
        http=cast("type[asyncio.Protocol]", partial(Connection, connections)),
        ws=cast("type[asyncio.Protocol]", partial(Stream, connections)),
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_ACCEPTED,
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_graceful_shutdown=CLOSING,
        ws_max_size=MAX_MESSAGE,
        ws_per_message_deflate=False,  # samples hardly shrink, and what is packed can be larger than it looks
    )


def _n_connections(settings: Settings) -> int:
    n_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    n_own = _OWN_FILES + _FILES_PER_WORKER * settings.n_workers
    n_needed = n_own + 2 * settings.concurrency
    if n_files < n_needed:
        raise InputError(f"expected to be allowed {n_needed} open files, found {n_files}; `ulimit -n` raises it")
    return min(MAX_CONNECTIONS, n_files - n_own)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, engine: Engine) -> None:
        super().__init__(config)
        self._engine = engine

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(_WAITING)  # uvicorn has one number for this and for how many are accepted at once
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
