"""By which names a service is called, and from whose pages."""

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from ser.app.settings import Settings
from ser.errors import InputError
from tests.ser.app.conftest import Serve, encoded, form

STREAM = "/predict/stream"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8000",
        "127.0.0.1:8000",
        "192.0.2.7",
        "[::1]:8000",
        "a.example",
        "A.Example:443",
        "b.test",
    ],
)
def test_it_answers_to_addresses_and_to_the_names_it_is_given(serve: Serve, host: str) -> None:
    client = serve("a.example", host="b.test")
    assert client.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil", "[", ""]
)
def test_a_name_that_was_pointed_here_is_refused(client: TestClient, host: str) -> None:
    for path in ("/health", "/metrics", "/docs", "/nothing"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert answer.json() == {"error": "expected a host that this service is called by; --allow-host names more"}
    assert client.post("/predict", files=form(encoded()), headers={"Host": host}).status_code == 421
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect(STREAM, headers={"Host": host}):
        pass
    assert caught.value.status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://testserver.evil.example", "http://testserver:81"]
)
def test_another_website_s_page_reaches_nothing(client: TestClient, origin: str) -> None:
    foreign = {"Origin": origin}
    answer = client.post("/predict", files=form(encoded()), headers=foreign)
    assert (answer.status_code, answer.json()) == (
        403,
        {"error": "expected a page of this service, found another website's"},
    )
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect(STREAM, headers=foreign):
        pass
    assert caught.value.status_code == 403
    asked = foreign | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for answer in (client.get("/health", headers=foreign), client.options("/predict", headers=asked)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("origin", ["http://testserver", "https://TestServer"])
def test_its_own_page_is_answered(client: TestClient, origin: str) -> None:
    assert client.post("/predict", files=form(encoded()), headers={"Origin": origin}).status_code == 200
    with client.websocket_connect(STREAM, headers={"Origin": origin}):
        pass


@pytest.mark.parametrize("name", ["", "*", "http://a.example", "a.example:80", "a..example", "a b"])
def test_what_is_no_name_cannot_be_allowed(name: str) -> None:
    with pytest.raises(InputError, match="--allow-host: expected a name"):
        Settings(allowed_hosts=(name,))


@pytest.mark.parametrize("host", ["", " "])
def test_an_empty_host_does_not_stand_for_all_addresses(host: str) -> None:
    with pytest.raises(InputError, match="--host: expected an address or a name, found nothing"):
        Settings(host=host)
