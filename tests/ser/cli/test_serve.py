import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner
from websockets.sync.client import connect

from ser.cli.main import app
from ser.inference import choice
from ser.inference.predictor import Predictor
from tests.conftest import TOP, clip, write_clip
from tests.serving import Service

TOKEN = "a-token-of-the-tests-0123456789"  # noqa: S105
MP4 = bytes([0, 0, 0, 28]) + b"ftypM4A " + bytes(100)

runner = CliRunner()


@pytest.fixture
def start(small_onnx: bytes, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    (tmp_path / "m.onnx").write_bytes(small_onnx)
    write_clip(tmp_path / "a.wav", 1)
    services: list[Service] = []

    def run(*options: str, **environment: str) -> Service:
        services.append(Service(tmp_path, "--model", "m.onnx", *options, **environment))
        return services[-1]

    yield run
    for service in services:
        service.kill()


def upload(folder: Path) -> dict[str, tuple[str, bytes]]:
    return {"file": ("a.wav", (folder / "a.wav").read_bytes())}


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_service_answers_over_http_and_leaves_nothing_behind(
    start: Callable[..., Service], tmp_path: Path, ending: signal.Signals
) -> None:
    service = start()
    expected = Predictor.load(tmp_path / "m.onnx").predict(tmp_path / "a.wav")
    assert service.url.startswith("http://127.0.0.1:")
    answer = httpx.post(f"{service.url}/predict", files=upload(tmp_path), timeout=60)
    assert answer.json()["probabilities"] == expected.probabilities
    with connect(service.url.replace("http", "ws") + "/predict/stream") as stream:
        stream.send('{"sampling_rate": 16000, "format": "float32"}')
        stream.send(clip(1, 0.5).astype("<f4").tobytes())
        assert json.loads(stream.recv(30))["seconds"] == 0.5
        assert service.end(ending) == 0
    assert list((tmp_path / "tmp").iterdir()) == []
    said = [(message["event"], message.get("route"), message.get("status")) for message in service.messages()]
    requests = [("request", "/predict", 200), ("request", "/predict/stream", 101)]
    assert [said[0], said[1], *sorted(said[2:])] == [("listening", None, None), *requests, ("stopping", None, None)]


@pytest.mark.slow
def test_what_is_being_worked_on_is_answered_before_the_end(start: Callable[..., Service], tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/ffmpeg"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nsleep 2\nexit 1\n")
    program.chmod(0o755)
    service = start(PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    (tmp_path / "a.m4a").write_bytes(MP4)
    with subprocess.Popen(
        [sys.executable, "-c", UPLOAD, service.url, str(tmp_path / "a.m4a")], stdout=subprocess.PIPE, text=True
    ) as client:
        while not (tmp_path / "started").exists():
            time.sleep(0.05)
        assert service.temporary_files() != []
        assert service.end() == 0
        status, answer = (client.communicate(timeout=60)[0]).split(" ", 1)
    assert (status, json.loads(answer)) == ("422", {"error": "file: ffmpeg cannot read it, and says: nothing"})
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_pressed_twice_leaves_no_traceback_and_no_file(start: Callable[..., Service], tmp_path: Path) -> None:
    service = start()
    service.process.send_signal(signal.SIGINT)
    time.sleep(0.03)  # signals that come at once are one
    assert service.end(signal.SIGINT) == 0
    assert {message["level"] for message in service.messages()} == {"info"}
    assert service.log.read_text().count("\n") == len(service.messages())
    assert list((tmp_path / "tmp").iterdir()) == []


UPLOAD = """
import sys, httpx
answer = httpx.post(sys.argv[1] + "/predict", files={"file": open(sys.argv[2], "rb")}, timeout=60)
print(answer.status_code, answer.text)
"""


@pytest.mark.slow
def test_beyond_the_limit_requests_are_told_to_come_again(start: Callable[..., Service], tmp_path: Path) -> None:
    service = start("--concurrency", "1", "--timeout", "30")
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow:
        kind = "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 999"
        head = f"POST /predict HTTP/1.1\r\nHost: {host}\r\n{kind}\r\n\r\n"
        slow.sendall(f"{head}--x".encode())  # a form that does not go on
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = httpx.post(f"{service.url}/predict", files=upload(tmp_path), timeout=60)
            if answer.status_code == 429:
                break
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "1"
        assert answer.json() == {"error": "as much is being worked on as is allowed; try again"}
        assert httpx.get(f"{service.url}/health").status_code == 200
    for _ in range(100):  # once the slow one has gone
        answer = httpx.post(f"{service.url}/predict", files=upload(tmp_path), timeout=60)
        if answer.status_code == 200:
            break
        time.sleep(0.05)
    assert answer.status_code == 200
    assert all("traceback" not in message for message in service.messages())


@pytest.mark.slow
def test_an_endless_upload_is_cut(start: Callable[..., Service]) -> None:
    service = start("--max-mb", "0.5")
    n_sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal n_sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        while n_sent < 50_000_000:
            n_sent += 10_000
            yield bytes(10_000)

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = httpx.post(f"{service.url}/predict", content=endless(), headers=kind, timeout=60)
    assert answer.status_code == 413
    (line,) = [message for message in service.messages() if message["event"] == "request"]
    assert line["status"] == 413
    assert line["bytes"] < 700_000


@pytest.mark.slow
def test_the_token_comes_from_the_environment(start: Callable[..., Service], tmp_path: Path) -> None:
    service = start(SER_TOKEN=TOKEN)
    assert httpx.get(f"{service.url}/health").status_code == 200
    answer = httpx.post(f"{service.url}/predict", files=upload(tmp_path), timeout=60)
    assert answer.status_code == 401
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.post(f"{service.url}/predict", files=upload(tmp_path), headers=bearer, timeout=60)
    assert answer.status_code == 200
    with connect(service.url.replace("http", "ws") + "/predict/stream", subprotocols=["ser", TOKEN]) as stream:  # type: ignore[list-item]
        assert stream.subprotocol == "ser"
    assert service.end() == 0
    assert TOKEN not in service.log.read_text()


@pytest.mark.slow
def test_strangers_without_a_token_are_warned_of(start: Callable[..., Service]) -> None:
    service = start("--host", "0.0.0.0")  # noqa: S104
    message = service.wait_for("SER_TOKEN is not set: whoever reaches this machine is answered")
    assert message["level"] == "warning"


def test_what_a_service_cannot_be_started_with_is_one_line(
    small_onnx: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(choice, "IN_THE_BOX", tmp_path / "none")
    result = runner.invoke(app, ["serve", "--port", "0"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: no model: models/model.onnx: no such file; ")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = runner.invoke(app, ["serve", "--port", port])
    assert (result.exit_code, result.stderr) == (
        1,
        f"error: 127.0.0.1:{port}: cannot listen there: Address already in use\n",
    )
    result = runner.invoke(app, ["serve", "--host", "no.such.host.invalid"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: no.such.host.invalid:8000: cannot listen there: ")
    monkeypatch.setenv("SER_TOKEN", "short")
    result = runner.invoke(app, ["serve"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: SER_TOKEN: expected at least 16 letters")
    monkeypatch.delenv("SER_TOKEN", raising=False)  # whose reading takes it away
    result = runner.invoke(app, ["serve", "--host", ""])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ser serve: expected a name or a value, found an empty word")
    assert runner.invoke(app, ["serve", "--port", "70000"]).exit_code == 2


def test_what_is_not_installed_is_one_line_that_says_how_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    monkeypatch.delitem(sys.modules, "ser.app.service", raising=False)
    result = runner.invoke(app, ["serve", "--port", "0"])
    assert result.exit_code == 1
    assert result.stderr == "error: fastapi is not installed; `pip install 'speech-emotion[serve]'` brings it\n"


@pytest.mark.slow
def test_the_examples_of_the_page_work(start: Callable[..., Service], tmp_path: Path) -> None:
    page = (TOP / "docs/service.md").read_text(encoding="utf-8")
    service = start()
    write_clip(tmp_path / "call.wav", 1, seconds=1.2)
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        code = block.replace("127.0.0.1:8000", service.url.removeprefix("http://"))
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "probabilities" in done.stdout or "neutral" in done.stdout
    lines = re.findall(r"^    curl -F.*", page, re.MULTILINE)
    assert len(lines) == 2
    for line in lines if shutil.which("curl") else ():
        arguments = shlex.split(line.replace("http://127.0.0.1:8000", service.url))
        done = subprocess.run([*arguments, "--silent"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["path"] == "call.wav"
