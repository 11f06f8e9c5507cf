"""Connections that say nothing, say it slowly, do not listen, or are too many; what is no HTTP and no WebSocket."""

import logging
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from ser.app import server
from ser.app.connections import HEAD_BYTES, Connections
from ser.app.server import MAX_CONNECTIONS, config
from ser.app.settings import Settings
from ser.errors import InputError

PATIENCE = 0.3
HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKS = b"POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes WebSockets except at /refused, answers /at-once without reading, and 50 MB at /large."""
    path = scope["path"]
    if scope["type"] == "websocket" and path != "/refused":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    while path != "/at-once" and scope["type"] == "http":
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if not message.get("more_body", False):
            break
    kind = "http" if scope["type"] == "http" else "websocket.http"
    await send({"type": f"{kind}.response.start", "status": 403 if path == "/refused" else 200, "headers": []})
    await send({"type": f"{kind}.response.body", "body": bytes(50_000_000 if path == "/large" else 2)})


@contextmanager
def listening(monkeypatch: pytest.MonkeyPatch, limit: int = 100) -> Iterator[tuple[int, Connections]]:
    """A server's port, and its connections."""
    monkeypatch.setattr("ser.app.connections.PATIENCE", PATIENCE)
    connections = Connections(limit)
    serving = uvicorn.Server(config(answer, connections))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serving.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1], connections
        finally:
            serving.should_exit = True
            thread.join()


def opened(port: int, *parts: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), 10)
    for part in parts:
        client.sendall(part)
    return client


def said(client: socket.socket) -> bytes:
    """All that a client is sent until its connection is closed, which must be soon."""
    found = b""
    with client, suppress(ConnectionResetError):
        while part := client.recv(1 << 16):
            found += part
    return found


def trickle(client: socket.socket, data: bytes) -> None:
    """Send it again and again, until the connection is closed, which must be soon."""
    for _ in range(50):
        try:
            client.sendall(data)
        except ConnectionError:
            return
        time.sleep(PATIENCE / 10)
    raise AssertionError("still open")


def wait_for_none(connections: Connections) -> None:
    deadline = time.monotonic() + 5
    while connections._open and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (connections._open, connections._idle) == ({}, {})


@pytest.mark.parametrize("start", [b"", b"GET / HT", HEAD[:-2], HEAD + b"GET"])
def test_who_sends_no_head_is_closed_soon(monkeypatch: pytest.MonkeyPatch, start: bytes) -> None:
    with listening(monkeypatch) as (port, connections):
        started = time.monotonic()
        answered = said(opened(port, start))
        assert time.monotonic() - started < 10 * PATIENCE
        assert answered.startswith(b"HTTP/1.1 200") == start.startswith(HEAD)
        wait_for_none(connections)


def test_a_head_that_comes_byte_by_byte_has_no_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(monkeypatch) as (port, connections), opened(port) as client:
        trickle(client, b"G")
        wait_for_none(connections)


def test_who_does_not_read_an_answer_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(monkeypatch) as (port, connections), opened(port, HEAD.replace(b"/ ", b"/large ")):
        wait_for_none(connections)


def test_beyond_the_limit_the_one_that_idles_longest_is_closed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(monkeypatch, limit=4) as (port, connections):
        monkeypatch.setattr("ser.app.connections.PATIENCE", 60)
        idle = [opened(port) for _ in range(2)]
        while connections._open.total() < 2:
            time.sleep(0.01)
        with opened(port, HEAD) as third:
            assert third.recv(15) == b"HTTP/1.1 200 OK"
            assert said(idle[0]) == b""
            assert connections._open == {"127.0.0.1": 2}
        idle[1].close()
        wait_for_none(connections)
    assert "too many connections: the one that idled longest was closed" in caplog.messages


def test_what_is_worked_on_is_not_closed_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(monkeypatch, limit=4) as (port, connections):
        uploads = [opened(port, CHUNKS % b"/") for _ in range(2)]
        while connections._open.total() < 2 or connections._idle:
            time.sleep(0.01)
        assert said(opened(port, HEAD)) == b""
        for upload in uploads:
            upload.sendall(b"0\r\n\r\n")
            assert said(upload).startswith(b"HTTP/1.1 200")
        wait_for_none(connections)


@pytest.mark.parametrize(
    "start", [b"\x00\xff" * 99 + b"\r\n\r\n", HEAD[:-2] + b"X: " + b"a" * 2 * HEAD_BYTES, HEAD[:-2] + b"X\r\n\r\n"]
)
def test_what_is_no_http_is_answered_with_one_line(monkeypatch: pytest.MonkeyPatch, start: bytes) -> None:
    with listening(monkeypatch) as (port, connections):
        head, _, body = said(opened(port, start)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400")
        assert body.startswith(b'{"error": ')
        wait_for_none(connections)


def test_chunks_that_hardly_hold_anything_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(monkeypatch) as (port, connections):
        client = opened(port, CHUNKS % b"/")
        with suppress(ConnectionError):
            client.sendall(b"1\r\na\r\n" * 200_000)
        wait_for_none(connections)
        client.close()


def test_the_rest_of_a_body_that_is_answered_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(monkeypatch) as (port, connections), opened(port, CHUNKS % b"/at-once") as client:
        trickle(client, b"1\r\na\r\n" * 10)
        wait_for_none(connections)


def test_a_websocket_s_faults_are_its_client_s(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    with listening(monkeypatch) as (port, connections):
        url = f"ws://127.0.0.1:{port}"
        with connect(url) as stream:
            stream.send(b"\xff\xfe", text=True)
            with pytest.raises(ConnectionClosed) as closed:
                stream.recv(5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1007
        with pytest.raises(InvalidStatus) as refused:
            connect(f"{url}/refused")
        assert refused.value.response.status_code == 403
        for line in (b"", b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a\r\n"):
            head = HEAD[:-2] + upgrade + line + b"\r\n"
            assert said(opened(port, head)).startswith((b"HTTP/1.1 4", b"HTTP/1.1 200"))
        wait_for_none(connections)
    assert caplog.messages == []


@pytest.mark.parametrize(("n_files", "n_connections"), [(20_000, MAX_CONNECTIONS), (1024, 904), (256, 136)])
def test_there_are_fewer_connections_than_files(
    monkeypatch: pytest.MonkeyPatch, n_files: int, n_connections: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (n_files, n_files))
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert server._n_connections(Settings()) == n_connections


def test_too_few_files_are_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    with pytest.raises(InputError, match=r"open files, found 64; `ulimit -n` raises it"):
        server._n_connections(Settings())
