import base64
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from ser.app.settings import Settings
from ser.errors import InputError
from ser.inference.predictor import Predictor
from tests.ser.app.conftest import TOKEN, encoded, form, serving

BEARER = {"Authorization": f"Bearer {TOKEN}"}
HTML = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture(scope="module")
def served(predictor: Predictor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serving(predictor, tmp_path_factory.mktemp("scratch")) as start:
        yield start(token=TOKEN)


@pytest.fixture
def guarded(served: TestClient) -> TestClient:
    served.cookies.clear()
    return served


def test_with_a_token_nothing_is_answered_without_it_but_health(guarded: TestClient) -> None:
    for path in ("/metrics", "/docs", "/openapi.json", "/", "/made/up", "/predict/stream"):
        answer = guarded.get(path)
        assert answer.status_code == 401, path
        assert answer.json() == {"error": "expected the service's token, as 'Authorization: Bearer TOKEN'"}
        assert answer.headers["www-authenticate"] == "Bearer"
    assert guarded.post("/predict", files=form(encoded())).status_code == 401
    assert guarded.get("/health").status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer",
        "Bearer ",
        TOKEN,
        f"Basic {base64.b64encode(TOKEN.encode()).decode()}",
        "Bearer \N{LATIN SMALL LETTER E WITH ACUTE}",
    ],
)
def test_another_token_is_none(guarded: TestClient, value: str) -> None:
    headers = {b"Authorization": value.encode("latin-1")}
    assert guarded.post("/predict", files=form(encoded()), headers=headers).status_code == 401
    assert guarded.get("/metrics", params={"token": TOKEN}).status_code == 401


def test_with_the_token_a_request_is_answered(guarded: TestClient) -> None:
    assert guarded.post("/predict", files=form(encoded()), headers=BEARER).status_code == 200
    assert guarded.get("/metrics", headers={"authorization": f"bearer {TOKEN}"}).status_code == 200


def test_a_browser_is_asked_for_the_token_and_keeps_it_in_a_cookie(guarded: TestClient) -> None:
    asked = guarded.get('/docs/"><script>', headers=HTML)
    assert asked.status_code == 401
    assert "<script>" not in asked.text
    assert 'value="/docs/&quot;&gt;&lt;script&gt;"' in asked.text
    refused = guarded.post("/login", data={"token": TOKEN + "x", "next": "/docs"})
    assert (refused.status_code, refused.json()) == (401, {"error": "this is not the service's token"})
    assert "set-cookie" not in refused.headers
    granted = guarded.post("/login", data={"token": TOKEN, "next": "/docs"}, follow_redirects=False)
    assert (granted.status_code, granted.headers["location"]) == (303, "/docs")
    kept = granted.headers["set-cookie"]
    assert "HttpOnly" in kept
    assert "SameSite=strict" in kept
    assert "Secure" not in kept
    assert guarded.get("/docs", headers=HTML).status_code == 200


def test_behind_https_the_cookie_is_for_https_alone(guarded: TestClient) -> None:
    granted = guarded.post("https://testserver/login", data={"token": TOKEN}, follow_redirects=False)
    assert "Secure" in granted.headers["set-cookie"]


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x"])
def test_a_login_leads_nowhere_else(guarded: TestClient, wanted: str) -> None:
    granted = guarded.post("/login", data={"token": TOKEN, "next": wanted}, follow_redirects=False)
    assert granted.headers["location"] == "/"


def test_a_login_does_not_read_more_than_a_token(guarded: TestClient) -> None:
    assert guarded.post("/login", data={"token": "x" * 5000}).status_code == 413


def test_a_websocket_brings_the_token_as_a_header_a_subprotocol_or_a_cookie(guarded: TestClient) -> None:
    for subprotocols in (None, ["ser"], ["ser", TOKEN + "x"], [TOKEN], [TOKEN, "ser"]):
        asked = guarded.websocket_connect("/predict/stream", subprotocols)
        with pytest.raises(WebSocketDenialResponse) as caught, asked:
            pass
        assert caught.value.status_code == 401
    with guarded.websocket_connect("/predict/stream", ["ser", TOKEN]) as stream:
        assert stream.accepted_subprotocol == "ser"
    with guarded.websocket_connect("/predict/stream", headers=BEARER) as stream:
        assert stream.accepted_subprotocol is None
    with guarded.websocket_connect("/predict/stream", headers={"Cookie": f"ser_token={TOKEN}"}):
        pass


def test_the_description_says_that_a_token_is_asked_for(guarded: TestClient, client: TestClient) -> None:
    api = guarded.get("/openapi.json", headers=BEARER).json()
    assert api["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert api["paths"]["/predict"]["post"]["security"] == [{"HTTPBearer": []}]
    assert "401" in api["paths"]["/predict"]["post"]["responses"]
    assert "security" not in api["paths"]["/health"]["get"]
    assert "security" not in client.get("/openapi.json").json()["paths"]["/predict"]["post"]


@pytest.mark.parametrize("token", ["", "short", "with spaces in it, and long", "\N{SNOWMAN}" * 20, "a" * 20 + "\n"])
def test_a_token_that_is_short_or_fits_into_no_header_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="SER_TOKEN: expected at least 16 letters"):
        Settings(token=token)


def test_the_token_is_not_shown_with_the_settings() -> None:
    assert TOKEN not in repr(Settings(token=TOKEN))
