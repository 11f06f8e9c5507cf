"""What stands before gradio."""

from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from ser.app.doors import UPLOAD, Doors
from ser.app.engine import Engine
from ser.app.metrics import Metrics
from ser.app.settings import Settings
from ser.predictor import Predictor

BUSY = (429, {"error": "too many uploads; try again"})


@pytest.fixture
def engine(small_onnx: bytes, tmp_path: Path) -> Engine:
    (tmp_path / "m.onnx").write_bytes(small_onnx)
    return Engine(Predictor.load(tmp_path / "m.onnx"), Settings(max_bytes=100, concurrency=2), Metrics())


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    (tmp_path / "uploads/deep").mkdir(parents=True)
    return tmp_path / "uploads"


@pytest.fixture
def client(engine: Engine, uploads: Path) -> TestClient:
    return TestClient(Doors(PlainTextResponse("behind"), engine, uploads))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "config",
        "theme.css",
        "assets/a.js",
        "gradio_api/queue/join",
        "gradio_api/heartbeat/a1",
        "gradio_api/file=/a",
    ],
)
def test_what_the_page_asks_for_is_behind(client: TestClient, path: str) -> None:
    assert client.get(f"/{path}").text == "behind"


@pytest.mark.parametrize(
    "path",
    [
        "monitoring",
        "gradio_api/info",
        "gradio_api/process_recording",
        "gradio_api/deep_link",
        "gradio_api/proxy=http://a",
        "gradio_api/file=http://a",
        "gradio_api/file=http:%2F%2Fa",
        "gradio_api/upload/x",
    ],
)
def test_nothing_else_is_there(client: TestClient, path: str) -> None:
    answer = client.get(f"/{path}")
    assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})


def test_an_upload_takes_a_slot_while_it_arrives(client: TestClient, engine: Engine) -> None:
    assert client.post(UPLOAD).text == "behind"
    with engine.places.taken(None):
        answer = client.post(UPLOAD)
        assert (answer.status_code, answer.json()) == BUSY
        assert client.get("/config").text == "behind"
    assert engine.places.empty.is_set()


def test_the_folder_holds_what_the_service_takes_at_once_and_no_more(client: TestClient, uploads: Path) -> None:
    (uploads / "a").write_bytes(bytes(60))
    (uploads / "deep/b").write_bytes(bytes(140))
    assert client.post(UPLOAD).text == "behind"
    (uploads / "deep/b").write_bytes(bytes(141))
    answer = client.post(UPLOAD)
    assert (answer.status_code, answer.json()) == BUSY
