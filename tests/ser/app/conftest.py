"""A service of an untrained model, and recordings for it."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import soundfile
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from ser.app.service import create_app
from ser.app.settings import Settings
from ser.inference.predictor import Predictor
from tests.conftest import clip

TOKEN = "a-token-of-the-tests-0123456789"  # noqa: S105

Serve = Callable[..., TestClient]


def encoded(seed: int = 1, seconds: float = 0.6, container: str = "WAV") -> bytes:
    """A clip as a file's content."""
    file = io.BytesIO()
    soundfile.write(file, clip(seed, seconds), 16_000, format=container)
    return file.getvalue()


def form(content: bytes, name: str = "a.wav") -> dict[str, tuple[str, bytes]]:
    return {"file": (name, content)}


def counts(client: TestClient) -> dict[tuple[str, ...], float]:
    """What a service's metrics say, by name and by the values of labels, in the order of their names."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [one for family in families for one in family.samples]
    return {(one.name, *(one.labels[label] for label in sorted(one.labels))): one.value for one in samples}


@pytest.fixture(scope="session")
def predictor(small_onnx: bytes, tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    path = tmp_path_factory.mktemp("model") / "m.onnx"
    path.write_bytes(small_onnx)
    return Predictor.load(path)


@contextmanager
def serving(predictor: Predictor, folder: Path) -> Iterator[Serve]:
    """Starts services, and sees to it that they leave nothing in the folder that temporary files are made in."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr("tempfile.tempdir", str(folder))

        def start(*allowed_hosts: str, **limits: float | str) -> TestClient:
            settings = Settings(allowed_hosts=("testserver", *allowed_hosts), **limits)  # type: ignore[arg-type]
            return stack.enter_context(TestClient(create_app(predictor, settings)))

        yield start
    assert list(folder.iterdir()) == []


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where the services of a test make temporary files."""
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


@pytest.fixture
def serve(predictor: Predictor, scratch: Path) -> Iterator[Serve]:
    with serving(predictor, scratch) as start:
        yield start


@pytest.fixture(scope="session")
def client(predictor: Predictor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Of a service with the usual limits, for all tests that change nothing of it."""
    with serving(predictor, tmp_path_factory.mktemp("scratch")) as start:
        yield start()
