from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from ser.app.streaming import RollingWindow, StreamStart
from ser.inference.predictor import Predictor
from tests.conftest import clip
from tests.ser.app.conftest import Serve, counts, encoded, form

RATE = 16_000
START = {"sampling_rate": RATE, "format": "float32"}


@contextmanager
def stream(client: TestClient, **start: Any) -> Iterator[WebSocketTestSession]:
    with client.websocket_connect("/predict/stream") as session:
        session.send_json(START | start)
        yield session


def error_of(session: WebSocketTestSession) -> str:
    """What a stream that is refused is told before it is closed."""
    message: dict[str, str] = session.receive_json()
    assert list(message) == ["error"]
    with pytest.raises(WebSocketDisconnect) as caught:
        session.receive_json()
    assert caught.value.code == 1008
    return message["error"]


@pytest.mark.parametrize("n_chunk", [1000, 7999, 50_000])
@pytest.mark.parametrize("kind", ["float32", "pcm16"])
def test_every_half_second_is_answered_as_the_predictor_answers_the_last_seconds(
    client: TestClient, predictor: Predictor, kind: str, n_chunk: int
) -> None:
    signal = clip(5, 2.2)
    if kind == "pcm16":
        samples = np.round(signal * 32767).astype("<i2")
        signal = samples.astype(np.float32) / 32768
        data = samples.tobytes()
    else:
        data = signal.astype("<f4").tobytes()
    with stream(client, format=kind) as session:
        for first in range(0, len(data), n_chunk):  # cuts samples in two, too
            session.send_bytes(data[first : first + n_chunk])
        answers = [session.receive_json() for _ in range(4)]
    assert [answer["seconds"] for answer in answers] == [0.5, 1.0, 1.5, 2.0]
    for answer in answers:
        end = round(answer["seconds"] * RATE)
        expected = predictor.predict(signal[max(0, end - round(0.4 * RATE)) : end], RATE)
        assert answer["emotion"] == expected.emotion
        assert answer["confidence"] == expected.confidence
        assert answer["probabilities"] == expected.probabilities
        assert 0 < answer["latency"] < 20


def test_the_window_grows_to_its_length_and_then_rolls() -> None:
    window = RollingWindow(StreamStart(sampling_rate=4000, format="pcm16"), seconds=1.2)
    samples = np.arange(4 * 2000, dtype="<i2")
    found = list(window.add(samples.tobytes()))
    assert [seconds for seconds, _ in found] == [0.5, 1.0, 1.5, 2.0]
    assert [len(signal) for _, signal in found] == [2000, 4000, 4800, 4800]
    np.testing.assert_array_equal(found[-1][1] * 32768, samples[-4800:])


@pytest.mark.parametrize("offset", [1e-4, 0.3])
def test_silence_has_no_emotion(client: TestClient, offset: float) -> None:
    with stream(client) as session:
        session.send_bytes(np.full(RATE // 2, offset, "<f4").tobytes())
        answer = session.receive_json()
    assert answer.pop("latency") >= 0
    assert answer == {"seconds": 0.5, "emotion": None, "confidence": None, "probabilities": None}


def test_below_the_smallest_confidence_the_emotion_is_unsure(client: TestClient) -> None:
    with stream(client, min_confidence=1.0) as session:
        session.send_bytes(clip(1, 0.5).astype("<f4").tobytes())
        answer = session.receive_json()
    assert answer["emotion"] == "unsure"
    assert answer["confidence"] == max(answer["probabilities"].values())


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"sampling_rate": 100}, "sampling_rate: Input should be greater than or equal to 4000"),
        ({"sampling_rate": "16000"}, "sampling_rate: Input should be a valid integer"),
        ({"format": "mp3"}, "format: Input should be 'pcm16' or 'float32'"),
        ({"min_confidence": 2}, "min_confidence: Input should be less than or equal to 1"),
        ({"path": "/etc/passwd"}, "path: Extra inputs are not permitted"),
    ],
)
def test_a_start_that_is_not_understood_is_refused(client: TestClient, start: dict[str, Any], message: str) -> None:
    with stream(client, **start) as session:
        assert error_of(session) == message


def test_a_first_message_that_is_no_json_and_a_later_one_that_is_no_sound_are_refused(client: TestClient) -> None:
    with client.websocket_connect("/predict/stream") as session:
        session.send_text("hello")
        assert error_of(session).startswith("first message: Invalid JSON")
    with client.websocket_connect("/predict/stream") as session:
        session.send_bytes(b"hello")
        assert error_of(session) == "expected a first message of JSON, found a chunk of samples"
    with stream(client) as session:
        session.send_text("{}")
        assert error_of(session) == "expected binary chunks of samples after the first message, found text"


@pytest.mark.parametrize(("value", "found"), [(np.nan, "nan"), (np.inf, "inf"), (-11.0, "11"), (3e38, "3e+38")])
def test_samples_that_are_none_are_refused(client: TestClient, value: float, found: str) -> None:
    with stream(client) as session:
        session.send_bytes(np.full(RATE // 2, value, "<f4").tobytes())
        assert error_of(session) == f"expected samples in [-1, 1], found a peak of {found}"


def test_a_stream_that_is_silent_or_slow_is_ended(serve: Serve) -> None:
    client = serve(timeout=1.0)
    message = "expected 0.5 s of sound within 1 s, found less"
    with client.websocket_connect("/predict/stream") as session:
        assert error_of(session) == message
    with stream(client) as session:
        session.send_bytes(clip(1, 0.5).astype("<f4").tobytes())
        assert session.receive_json()["seconds"] == 0.5
        session.send_bytes(b"abc")
        assert error_of(session) == message


def test_only_so_many_streams_are_open_and_they_take_no_place_from_recordings(serve: Serve) -> None:
    client = serve(concurrency=1)
    with stream(client):
        with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect("/predict/stream"):
            pass
        assert caught.value.status_code == 429
        assert caught.value.headers["retry-after"] == "1"
        assert client.post("/predict", files=form(encoded())).status_code == 200
    with stream(client) as session:
        session.send_bytes(clip(1, 0.5).astype("<f4").tobytes())
        assert session.receive_json()["emotion"] is not None
    found = counts(client)
    assert found["ser_requests_total", "GET", "/predict/stream", "101"] == 2
    assert found["ser_requests_total", "GET", "/predict/stream", "429"] == 1
    assert found["ser_streams",] == 0
