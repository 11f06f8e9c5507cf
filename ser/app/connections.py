"""Connections as uvicorn has them, bounded: in number, in patience, in the size of a head and of what is read at once.

All that is taken from uvicorn beyond its documented names is here; pyproject.toml bounds its version for it.
"""

import asyncio
import json
from collections import Counter
from functools import cached_property
from typing import Any, Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from ser.app.places import neighbourhood

HEAD_BYTES = 1 << 14
"""Of a request: its first line and its headers."""

PATIENCE = 5.0
"""Seconds that a client may take to send a head, and to read what it was sent."""

_READ = 1 << 15  # bytes at once: the smallest chunks and frames in them take 0.1 s of everybody's time
_FRAMING = 1 << 18  # bytes of a body that are no content: with its 20 MB in chunks of 600 bytes it has as many


class Connections:
    """Those that are open. Beyond the limit, or half of it from one client, the one that idles longest is closed.

    Args:
        limit: how many.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._open: Counter[str] = Counter()  # by `neighbourhood`
        self._idle: dict[Connection, None] = {}  # the longest first

    def enter(self, connection: "Connection") -> None:
        """Count one more, which idles, and close one if that is too many: this one, if no other idles."""
        name = connection.neighbourhood
        self._open[name] += 1
        self.idle(connection)
        if self._open[name] > self.limit // 2:
            self._close(next(one for one in self._idle if one.neighbourhood == name))
        elif self._open.total() > self.limit:
            self._close(next(iter(self._idle)))

    def _close(self, connection: "Connection") -> None:
        self.busy(connection)
        connection.logger.warning("too many connections: the one that idled longest was closed")
        connection.transport.abort()

    def idle(self, connection: "Connection") -> None:
        """Note that nothing is done for one."""
        self._idle[connection] = None

    def busy(self, connection: "Connection") -> None:
        """Note that something is done for one."""
        self._idle.pop(connection, None)

    def leave(self, name: str) -> None:
        """Count one less of a client."""
        self._open[name] -= 1
        if not self._open[name]:
            del self._open[name]


class _Counted(asyncio.Protocol):
    """One of the connections, with a clock that closes it where the client is waited for.

    Args:
        connections: those that are open, of which this is one.
        kwargs: what uvicorn gives.
    """

    client: tuple[str, int] | None

    def __init__(self, connections: Connections, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._connections = connections
        self._clock: asyncio.TimerHandle | None = None

    @cached_property
    def neighbourhood(self) -> str:
        """Where the client is; known once the connection is made."""
        return neighbourhood(self.client[0]) if self.client else ""

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(exc)
        self._stop()
        self._connections.leave(self.neighbourhood)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()


class Connection(_Counted, H11Protocol):
    """HTTP/1.1. Who neither sends a head nor reads its answer within `PATIENCE` is closed."""

    def __init__(self, connections: Connections, **kwargs: Any) -> None:
        super().__init__(connections, **kwargs)
        self._awaited: Literal["head", "reader"] | None = None
        self._framing = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it, and start the clock."""
        super().connection_made(transport)
        transport.max_size = _READ  # type: ignore[attr-defined]  # asyncio's, undocumented
        self._connections.enter(self)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on, unless the rest of a body in chunks comes after its answer: that would cost time for nothing."""
        if self._unwanted():
            return
        cycle = self.cycle
        n_before = len(cycle.body) if cycle else 0
        super().data_received(data)
        if cycle is None or cycle is not self.cycle:
            self._framing = 0
        else:
            self._framing += len(data) - (len(cycle.body) - n_before)
            if self._framing > _FRAMING and not cycle.response_complete:
                self.send_400_response("expected a body, found hardly more than the frames of its chunks")
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next head."""
        super().on_response_complete()
        if self._unwanted() and not self.transport.is_closing():
            self.transport.write_eof()
        self._watch()

    def _unwanted(self) -> bool:
        answered = self.cycle is not None and self.cycle.response_complete
        in_chunks = answered and any(name == b"transfer-encoding" for name, _ in self.headers)
        return in_chunks and self.conn.their_state is h11.SEND_BODY

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        self._watch()

    def _watch(self) -> None:
        """Have the clock run where the client is waited for, for a head or to read; it starts with each wait."""
        awaited: Literal["head", "reader"] | None = None
        if self.flow.write_paused:
            awaited = "reader"
        elif self.cycle is None or self.cycle.response_complete:
            awaited = "head"
        if awaited == self._awaited or self.transport.is_closing():
            return
        self._stop()
        self._awaited = awaited
        if awaited:
            self._connections.idle(self)
            self._clock = self.loop.call_later(PATIENCE, self.transport.abort)

    def _stop(self) -> None:
        self._connections.busy(self)
        super()._stop()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over to a `Stream`, which counts it from here on."""
        self._stop()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; what works on a body that breaks off like this sees its client gone."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # the answer was sent, or begun
            self.transport.abort()
            return
        body = json.dumps({"error": msg}).encode()
        headers = [("content-type", "application/json"), ("content-length", str(len(body))), ("connection", "close")]
        head = h11.Response(status_code=400, headers=headers, reason="Bad Request")
        for part in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(part))
        self.transport.close()


class Stream(_Counted, WebSocketsSansIOProtocol):
    """A WebSocket. Who does not read what it is sent within `PATIENCE` is closed."""

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._clock = self.loop.call_later(PATIENCE, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        self._stop()

    def data_received(self, data: bytes) -> None:
        """Read on; the first data are a whole head, and what websockets does not take for one is refused here."""
        super().data_received(data)
        if not self.handshake_initiated:
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()

    def send_receive_event_to_app(self) -> None:
        """Pass a message on, or close where its text is none: uvicorn would log that as a bug."""
        try:
            if self.curr_msg_data_type == "text":
                b"".join(self.frames).decode()
        except UnicodeDecodeError:
            self.conn.fail(1007, "invalid UTF-8")
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """Close after what is no frame, also where it comes before the handshake is answered."""
        if self.conn.close_sent is None:
            self.transport.abort()
        else:
            super().handle_parser_exception()

    async def send(self, message: Any) -> None:
        """Send, and see that an answer in HTTP completes a handshake: uvicorn would log the want of one as an error."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True
