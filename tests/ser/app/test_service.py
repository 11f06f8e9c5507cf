import asyncio
import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive

from ser.app.service import DOCS, create_app
from ser.app.settings import MEGABYTE, Settings
from ser.inference.predictor import Predictor
from tests.conftest import TOP
from tests.ser.app.conftest import Serve, counts, encoded, form


def error_of(client: TestClient, status: int, **request: object) -> str:
    """The one line that a bad request is answered with."""
    answer = client.post("/predict", **request)  # type: ignore[arg-type]
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    message: str = answer.json()["error"]
    assert "\n" not in message
    return message


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_recording_is_answered_as_the_predictor_answers_its_file(
    client: TestClient, predictor: Predictor, tmp_path: Path, container: str
) -> None:
    content = encoded(3, container=container)
    (tmp_path / "a").write_bytes(content)
    expected = predictor.predict(tmp_path / "a")
    answer = client.post("/predict", files=form(content, "called/../so.wav"))
    assert answer.status_code == 200
    found = answer.json()
    assert found["path"] == "called/../so.wav"
    assert found["emotion"] == expected.emotion
    assert found["confidence"] == expected.confidence
    assert found["probabilities"] == expected.probabilities
    assert found["seconds"] == expected.seconds


def test_the_answer_says_which_model_it_is_from(client: TestClient, predictor: Predictor) -> None:
    model = client.post("/predict", files=form(encoded())).json()["model"]
    assert model == {
        "architecture": "logmel_gap",
        "md5": "0123456789abcdef" * 2,
        "temperature": 1.0,
        "trained_on": ["toy"],
        "classes": list(predictor.classes),
        "window_seconds": 0.4,
    }
    health = client.get("/health")
    assert health.status_code == 200
    assert health.json()["status"] == "ok"
    assert health.json()["model"] == model


def test_below_the_smallest_confidence_the_emotion_is_unsure(client: TestClient) -> None:
    sure = client.post("/predict", files=form(encoded())).json()
    limit = sure["confidence"]
    assert client.post(f"/predict?min_confidence={limit!r}", files=form(encoded())).json() == sure
    unsure = client.post(f"/predict?min_confidence={limit + 1e-9!r}", files=form(encoded())).json()
    assert unsure == sure | {"emotion": "unsure"}


def test_what_is_no_recording_is_one_line_that_does_not_repeat_its_name(client: TestClient) -> None:
    assert error_of(client, 422, files=form(b"no audio" * 99, "<script>")) == (
        "file: expected WAV, FLAC, Ogg, MP3, AIFF, AU, CAF or W64, found none of them"
    )
    assert error_of(client, 422, files=form(b"", "/etc/passwd")) == "file: expected audio, found an empty file"


def test_what_is_missing_of_a_recording_is_said(client: TestClient) -> None:
    whole = encoded(seconds=1.0)
    assert client.post("/predict", files=form(whole)).json()["notes"] == []
    (note,) = client.post("/predict", files=form(whole[: len(whole) // 2])).json()["notes"]
    assert note.startswith("file: it is cut off: 0.50 s of 1.00 s is missing")


def test_a_constant_signal_is_refused(client: TestClient) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.full(16_000, 0.3), 16_000, format="WAV")
    assert error_of(client, 422, files=form(file.getvalue())) == (
        "file: expected a peak of at least -60 dBFS, found silence beside an offset"
    )


def test_a_wrong_parameter_is_named(client: TestClient) -> None:
    message = error_of(client, 422, files=form(encoded()), params={"min_confidence": "2"})
    assert message == "query.min_confidence: Input should be less than or equal to 1"


def test_a_body_that_is_no_form_or_another_form_is_refused(client: TestClient) -> None:
    assert error_of(client, 415, content=encoded()) == "expected multipart/form-data, found no content type"
    assert error_of(client, 415, json={"file": "a.wav"}) == "expected multipart/form-data, found application/json"
    field = "expected a form with one field, 'file', that holds a recording"
    assert error_of(client, 422, files={"other": ("a.wav", encoded())}) == field
    assert error_of(client, 422, data={"file": "/etc/passwd"}, files={"x": b""}) == field
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert error_of(client, 422, content=b"", headers=kind) == field
    for body in (b"no boundary", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--"):
        error_of(client, 400, content=body, headers=kind)
    error_of(client, 400, content=b"--x", headers={"content-type": "multipart/form-data"})
    two = [("file", ("a.wav", encoded())), ("file", ("b.wav", encoded()))]
    assert error_of(client, 400, files=two) == "Too many files. Maximum number of files is 1."


def test_an_upload_that_is_too_large_is_refused(serve: Serve) -> None:
    client = serve(max_bytes=MEGABYTE // 100)
    assert error_of(client, 413, files=form(bytes(20_000))) == "expected at most 0.01 MB, found more"
    assert client.post("/predict", files=form(encoded(seconds=0.3))).status_code == 200


def test_a_body_without_an_announced_length_is_refused_while_it_is_read(predictor: Predictor) -> None:
    app = create_app(predictor, Settings(max_bytes=MEGABYTE // 100))
    n_sent = 0

    async def endless() -> Message:
        nonlocal n_sent
        start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' if n_sent == 0 else b""
        n_sent += 1000
        return {"type": "http.request", "body": start + bytes(1000), "more_body": True}

    assert post(app, endless)[0] == 413
    assert n_sent < 12_000


def test_a_body_that_does_not_arrive_is_not_waited_for(predictor: Predictor) -> None:
    app = create_app(predictor, Settings(timeout=0.2))

    async def slow() -> Message:
        await asyncio.sleep(0.05)  # something comes all the time, but never the end
        return {"type": "http.request", "body": b"--x", "more_body": True}

    status, answer = post(app, slow)
    assert status == 408
    assert answer == {"error": "expected a request that arrives within 0.2 s, at 4000 B/s, found a slower one"}


def test_a_body_that_trickles_loses_its_place_long_before_its_time_is_over(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ser.app.middleware.body_limits.GRACE", 0.2)
    app = create_app(predictor, Settings(timeout=60))

    async def trickling() -> Message:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"\r\n", "more_body": True}

    assert post(app, trickling)[0] == 408
    assert app.state.engine.places.empty.is_set()


def post(app: ASGIApp, receive: Receive) -> tuple[int, dict[str, str]]:
    """Status and answer of a form that arrives as `receive` lets it."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": headers}
    asyncio.run(asyncio.wait_for(app(scope, receive, send), 30))
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_a_recording_that_is_too_long_is_refused(serve: Serve) -> None:
    client = serve(max_seconds=1.0)
    assert client.post("/predict", files=form(encoded(seconds=1.0))).status_code == 200
    assert error_of(client, 422, files=form(encoded(seconds=1.01))) == "file: expected at most 1 s, found more; cut it"


def test_unknown_routes_and_methods_are_errors_of_the_same_shape(client: TestClient) -> None:
    assert client.get("/nothing").json() == {"error": "Not Found"}
    answer = client.get("/predict")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json() == {"error": "Method Not Allowed"}


def test_a_bug_is_answered_without_its_traceback(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Predictor, "predict", broken)
    quiet = TestClient(client.app, raise_server_exceptions=False)
    quiet.portal = client.portal
    answer = quiet.post("/predict", files=form(encoded()))
    assert (answer.status_code, answer.json()) == (500, {"error": "internal error"})


def test_metrics_count_what_happened(serve: Serve) -> None:
    client = serve()
    emotion = client.post("/predict", files=form(encoded(seconds=0.6))).json()["emotion"]
    client.post("/predict", files=form(encoded(seconds=0.6)))
    client.post("/predict", files=form(b"no audio"))
    client.get("/a/made/up/path")
    found = counts(client)
    assert found["ser_requests_total", "POST", "/predict", "200"] == 2
    assert found["ser_requests_total", "POST", "/predict", "422"] == 1
    assert found["ser_requests_total", "GET", "other", "404"] == 1
    assert found["ser_predictions_total", emotion] == 2
    assert found["ser_unlike_total",] == 0
    assert found["ser_audio_seconds_total",] == pytest.approx(1.2)
    assert found["ser_decode_seconds_count",] == 3
    assert found["ser_in_progress",] == 0
    assert found["process_resident_memory_bytes",] > 1e7


def test_the_page_of_the_api_needs_nothing_from_elsewhere(client: TestClient) -> None:
    answer = client.get("/docs", headers={"Range": "bytes=9-1"})  # parts of it are not to be had
    assert (answer.status_code, answer.content) == (200, DOCS.read_bytes())
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; connect-src 'self'")
    assert "://" not in DOCS.read_text(encoding="utf-8")
    assert client.get("/openapi.json").json()["info"]["title"] == "Speech emotion recognition"


def test_the_page_of_the_api_is_packaged() -> None:
    assert DOCS == TOP / "ser/app/docs.html"
    assert DOCS.is_file()
