"""What the page's script is answered."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ser.app.page.handlers import find_trained
from ser.app.service import create_app
from ser.app.settings import Settings
from ser.inference.predictor import Predictor
from ser.model_files.description import ExportedDescription
from ser.model_files.export import describe, to_onnx
from ser.model_files.safetensors_file import Model, write_model
from tests.ser.app.conftest import Serve, encoded, form

MAX_BYTES = 100_000


@pytest.fixture(scope="module")
def explaining(
    small_model: Model, predictor: Predictor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """Of a service with the trained model, that takes little."""
    trained = tmp_path_factory.mktemp("trained") / "m.safetensors"
    write_model(small_model, trained)
    settings = Settings(max_bytes=MAX_BYTES, concurrency=1, allowed_hosts=("testserver",))
    with TestClient(create_app(predictor, settings, trained)) as client:
        yield client


def test_a_recording_is_answered_as_by_predict(client: TestClient) -> None:
    whole = encoded(3)
    for content in (whole, whole[: len(whole) // 2]):
        expected = client.post("/predict", files=form(content)).json()
        found = client.post("/page/listen", files=form(content)).json()
        for name in ("emotion", "confidence", "probabilities", "seconds", "notes"):
            assert found[name] == expected[name]


def test_of_a_recording_longer_than_what_is_heard_the_emotions_over_time_are_told_too(client: TestClient) -> None:
    short = client.post("/page/listen", files=form(encoded(seconds=0.3))).json()
    assert "timeline" not in short
    assert short["heard"]["seconds"] == pytest.approx(short["seconds"])
    long = client.post("/page/listen", files=form(encoded(seconds=3.0))).json()
    assert long["heard"]["seconds"] == 0.4
    assert long["timeline"]["seconds"] == pytest.approx(3.0)


def test_what_spoke_for_an_emotion_is_told(explaining: TestClient) -> None:
    heard = explaining.post("/page/listen", files=form(encoded())).json()
    assert explaining.post("/page/explain", files=form(encoded())).json()["emotion"] == heard["emotion"]
    sad = explaining.post("/page/explain?emotion=sad", files=form(encoded())).json()
    assert sad["emotion"] == "sad"
    assert sad["probability"] == pytest.approx(heard["probabilities"]["sad"], abs=1e-5)
    unknown = explaining.post("/page/explain?emotion=bored", files=form(encoded()))
    assert unknown.status_code == 422
    assert unknown.json()["error"].startswith("this model knows no 'bored'")


@pytest.mark.parametrize("path", ["/page/listen", "/page/explain"])
def test_the_page_is_bounded_as_the_service_is(explaining: TestClient, path: str) -> None:
    for status, request in (
        (422, {"files": form(b"no audio" * 99)}),
        (422, {"data": {"file": "/etc/passwd"}, "files": {"x": b""}}),
        (415, {"json": {"path": "/etc/passwd"}}),
        (415, {"content": b"[{}]" * 1000}),
        (413, {"files": form(bytes(MAX_BYTES))}),
    ):
        answer = explaining.post(path, **request)  # type: ignore[arg-type]
        assert answer.status_code == status
        assert list(answer.json()) == ["error"]
    with explaining.app.state.engine.places.taken(("192.0.2.1", 1)):  # type: ignore[attr-defined]
        assert explaining.post(path, files=form(encoded())).status_code == 429


def test_nothing_of_a_recording_stays(serve: Serve, scratch: Path) -> None:
    client = serve()
    before = list(scratch.rglob("*"))
    client.post("/page/listen", files=form(encoded(seconds=3.0)))
    assert list(scratch.rglob("*")) == before


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
    monkeypatch.setattr("ser.app.page.handlers.find_spec", lambda name: None if name == "torch" else object())
    assert find_trained(tmp_path / "model.onnx", description) is None
