"""The page without a browser: what gradio's routes let a stranger do."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ser.app.listener import find_trained
from ser.description import ExportedDescription
from ser.export import describe, to_onnx
from ser.model_file import Model, write_model
from ser.predictor import Predictor
from tests.conftest import write_clip
from tests.serving import running_service

MAX_BYTES = 50_000


@pytest.fixture(scope="module")
def folder(small_onnx: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("service")
    (folder / "models").mkdir()
    (folder / "models/model.onnx").write_bytes(small_onnx)
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    options = ("--max-mb", str(MAX_BYTES / 2**20), "--concurrency", "2")
    with running_service(folder, *options) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client
    assert list((folder / "tmp").iterdir()) == []  # nothing that was uploaded is left


def upload(client: httpx.Client, content: bytes, name: str = "a.wav") -> str:
    answer = client.post("/gradio_api/upload", files={"files": (name, content)})
    assert answer.status_code == 200, answer.text
    (path,) = answer.json()
    return str(path)


def listen(client: httpx.Client, file: dict[str, Any]) -> dict[str, Any]:
    """Send a file to what listens for uploads, as the page does, and wait for its output."""
    functions = client.get("/config").json()["dependencies"]
    (number,) = [function["id"] for function in functions if function["targets"][0][1] == "upload"]
    data = [file | {"meta": {"_type": "gradio.FileData"}}, 0]
    call = {"data": data, "fn_index": number, "session_hash": "s", "trigger_id": 0}
    assert client.post("/gradio_api/queue/join", json=call).status_code == 200
    lines = client.get("/gradio_api/queue/data", params={"session_hash": "s"}).text.splitlines()
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line]
    (output,) = [event["output"] for event in events if event["msg"] == "process_completed"]
    return dict(output)


def test_an_upload_is_answered_as_the_predictor_answers(client: httpx.Client, folder: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.wav", 1)
    path = upload(client, clip.read_bytes(), "../../etc/a.wav")
    assert Path(path).is_relative_to(folder / "tmp")
    emotion = Predictor.load(folder / "models/model.onnx").predict(clip).emotion
    assert f'<p class="emotion">{emotion}</p>' in listen(client, {"path": path})["data"][3]


def test_no_file_is_read_that_was_not_uploaded(client: httpx.Client, tmp_path: Path) -> None:
    secret = write_clip(tmp_path / "secret.wav", 1)
    for named in ({"path": str(secret)}, {"path": str(secret), "url": "http://127.0.0.1:1/"}):
        assert listen(client, named) == {"error": None}
    assert client.get(f"/gradio_api/file={secret}").status_code == 403


def test_no_address_is_fetched(client: httpx.Client) -> None:
    address = "http://example.org/a.wav"
    assert listen(client, {"path": address})["error"] == f"expected an uploaded file, found the address {address}"
    assert client.get(f"/gradio_api/file={address}").status_code == 404
    assert client.get(f"/gradio_api/proxy={address}").status_code == 404


def test_routes_that_the_page_does_not_need_are_closed(client: httpx.Client) -> None:
    for path in ("gradio_api/info", "gradio_api/deep_link?session_hash=s", "monitoring", "no/such/page"):
        answer = client.get(f"/{path}")
        assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})


def test_the_service_is_still_there_behind_the_page(client: httpx.Client, tmp_path: Path) -> None:
    assert client.get("/health").json()["status"] == "ok"
    with write_clip(tmp_path / "a.wav", 1).open("rb") as file:
        assert client.post("/predict", files={"file": file}).status_code == 200
    page = client.get("/")
    assert page.status_code == 200
    assert "Speech emotion" in page.text


def test_what_the_page_and_its_style_name_is_on_the_same_machine(client: httpx.Client) -> None:
    for text in (client.get("/").text, client.get("/theme.css").text):
        assert "fonts.googleapis.com" not in text
        assert not re.search(r'(?:src|href)="(?:https?:)?//(?!127)', text)


def test_uploads_are_bounded_one_by_one_and_together(client: httpx.Client) -> None:
    too_large = client.post("/gradio_api/upload", files={"files": ("a.wav", bytes(MAX_BYTES + 1))})
    assert too_large.status_code == 413
    statuses = [
        client.post("/gradio_api/upload", files={"files": ("a.wav", bytes([n]) * 45_000)}).status_code for n in range(4)
    ]
    assert statuses[0] == 200
    assert statuses[-1] == 429  # the folder is full: it holds more than twice 50,000 bytes


def test_what_explains_is_the_model_that_was_exported_and_no_other(small_model: Model, tmp_path: Path) -> None:
    trained, exported = tmp_path / "model.safetensors", tmp_path / "model.onnx"
    write_model(small_model, trained)
    description = describe(small_model, trained, None)
    exported.write_bytes(to_onnx(small_model, description))
    assert find_trained(exported, Predictor.load(exported).model.description) == trained
    assert find_trained(trained, small_model.description) == trained
    other = ExportedDescription(**dict(description) | {"trained_md5": "0" * 32})
    assert find_trained(exported, other) is None
    trained.unlink()
    assert find_trained(exported, description) is None


def test_nothing_is_explained_where_torch_is_not_installed(
    small_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = tmp_path / "model.safetensors"
    write_model(small_model, trained)
    description = describe(small_model, trained, None)
    monkeypatch.setattr("ser.app.listener.find_spec", lambda name: None if name == "torch" else object())
    assert find_trained(tmp_path / "model.onnx", description) is None
