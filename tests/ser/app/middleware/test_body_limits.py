"""Bodies that are too many, too large or too slow, and places."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import Gauge
from starlette.testclient import TestClient

from ser.app.engine import Engine
from ser.app.middleware.body_limits import HELD, MAX_OTHER
from ser.app.places import BusyError, Places
from tests.ser.app.conftest import Serve, encoded, form


def test_one_client_takes_half_of_the_places_and_leaves_the_others() -> None:
    places = Places(4, Gauge("test_places", "", registry=None))
    first, second = ("192.0.2.1", 1), ("192.0.2.2", 1)
    with places.taken(first), places.taken(("192.0.2.1", 2)):
        with pytest.raises(BusyError), places.taken(first):
            pass
        with places.taken(second), places.taken(second), pytest.raises(BusyError), places.taken(("192.0.2.3", 1)):
            pass
        assert not places.empty.is_set()
    assert places.empty.is_set()


def test_the_addresses_of_one_network_are_one_client() -> None:
    places = Places(4, Gauge("test_places", "", registry=None))
    with places.taken(("2001:db8::1", 1)), places.taken(("2001:db8::2", 1)):
        with pytest.raises(BusyError), places.taken(("2001:db8::3", 1)):
            pass
        with places.taken(("2001:db8:0:1::1", 1)):
            pass


def engine_of(client: TestClient) -> Engine:
    engine: Engine = client.app.state.engine  # type: ignore[attr-defined]
    return engine


def test_every_body_takes_a_place_whatever_it_is_for(serve: Serve) -> None:
    client = serve(concurrency=1)
    with engine_of(client).places.taken(("192.0.2.1", 1)):
        for answer in (
            client.post("/predict", files=form(encoded())),
            client.post("/predict", json={}),
            client.post("/nothing", content=b"x"),
            client.request("GET", "/health", content=b"x"),
        ):
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert client.get("/health").status_code == 200
    assert client.post("/predict", files=form(encoded())).status_code == 200


def test_a_body_that_is_no_upload_is_small(serve: Serve) -> None:
    client = serve(token="a-token-of-the-tests-0123456789")  # noqa: S106
    headers = {"Authorization": "Bearer a-token-of-the-tests-0123456789"}
    for path in ("/predict", "/login", "/nothing"):
        answer = client.post(path, json=[{}] * MAX_OTHER, headers=headers)
        assert (answer.status_code, answer.json()) == (413, {"error": "expected at most 0.0625 MB, found more"})


def test_two_lengths_are_refused(client: TestClient) -> None:
    answer = client.post(
        "/predict", content=b"0\r\n\r\n", headers={"Transfer-Encoding": "chunked", "Content-Length": "5"}
    )
    assert (answer.status_code, answer.headers["connection"]) == (400, "close")
    assert answer.json() == {"error": "expected one length of the body, found two"}


def test_uploads_that_are_held_at_once_are_bounded(serve: Serve) -> None:
    content = encoded()
    client = serve(max_bytes=2 * len(content))
    limits = next(one for one in _middleware(client) if type(one).__name__ == "BodyLimits")
    limits._n_held = HELD * 2 * len(content)  # type: ignore[attr-defined]
    assert client.post("/predict", files=form(content)).status_code == 429
    limits._n_held -= 2 * len(content)  # type: ignore[attr-defined]
    assert client.post("/predict", files=form(content)).status_code == 200
    assert limits._n_held == (HELD - 1) * 2 * len(content)  # type: ignore[attr-defined]


def _middleware(client: TestClient) -> list[object]:
    client.get("/health")
    found: list[object] = []
    layer = client.app.middleware_stack  # type: ignore[attr-defined]
    while layer is not None:
        found.append(layer)
        layer = getattr(layer, "app", None)
    return found


def test_an_upload_of_any_size_is_in_no_file(serve: Serve, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file")

    monkeypatch.setattr("tempfile.TemporaryFile", forbidden)
    client = serve()
    answer = client.post("/predict", files=form(bytes(3_000_000)))
    assert answer.status_code == 422


@pytest.mark.parametrize("charset", ["punycode", "idna", "undefined", "utf-16", "rot13", "a" * 999])
def test_names_in_whatever_encoding_are_no_bug(client: TestClient, charset: str) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="\xff\xfea"\r\n\r\nabc\r\n--x--\r\n'
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    assert client.post("/predict", content=body, headers={"Content-Type": kind}).status_code in (400, 422)


def test_places_are_given_back_where_a_client_goes(serve: Serve) -> None:
    client = serve()
    app = client.app

    async def gone() -> None:
        messages = iter([{"type": "http.request", "body": b"--x", "more_body": True}, {"type": "http.disconnect"}])

        async def receive() -> dict[str, object]:
            return next(messages)

        async def send(_: object) -> None:
            pass

        headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"content-length", b"99")]
        scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": headers}
        await app(scope, receive, send)  # type: ignore[arg-type]

    asyncio.run(gone())
    assert engine_of(client).places.empty.is_set()
