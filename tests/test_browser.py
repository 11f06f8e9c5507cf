"""The page in a real browser: Debian's chromium, headless, with a microphone that plays a file."""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import soundfile
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ser.description import ExportedDescription
from ser.export import to_onnx
from ser.model_file import Model, write_model
from ser.predictor import Prediction, Predictor
from tests.conftest import CORPORA, clip, write_clip
from tests.serving import running_service

CHROMIUM = shutil.which("chromium")
REAL = CORPORA / "ravdess/Actor_01"
SPOKEN_SECONDS = 1.5

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def folder(
    small_model: Model, exported_description: ExportedDescription, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A working directory with a model, trained and exported."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "models").mkdir()
    write_model(small_model, folder / "models/model.safetensors")
    md5 = hashlib.md5((folder / "models/model.safetensors").read_bytes(), usedforsecurity=False).hexdigest()
    description = exported_description.model_copy(update={"trained_md5": md5})
    (folder / "models/model.onnx").write_bytes(to_onnx(small_model, description))
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with running_service(folder, "--max-mb", "1", "--max-seconds", "20") as address:
        yield address


@pytest.fixture(scope="module")
def predict(folder: Path) -> Callable[[Path], Prediction]:
    """What `ser predict` says."""
    return Predictor.load(folder / "models/model.onnx").predict


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    spoken = tmp_path_factory.mktemp("microphone") / "spoken.wav"
    soundfile.write(spoken, clip(3, SPOKEN_SECONDS, 48_000), 48_000, subtype="PCM_16")
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    flags += [f"--use-file-for-fake-audio-capture={spoken}"]
    flags += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, opened; in the end, nothing was asked of another machine and no script has failed."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        hosts, failures = set[str | None](), list[object]()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.on("pageerror", lambda error: failures.append(error))  # noqa: PLW0108 (it wants a function)
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        yield page
        assert hosts - {None} == {"127.0.0.1"}  # None: data: and blob:
        assert failures == []


def upload(page: Page, path: Path) -> None:
    page.locator("input[type=file]").set_input_files(path)


def shown(page: Page) -> dict[str, str]:
    """The bars' labels: from emotion to probability, as on the page, from top to bottom."""
    rows = page.locator(".bars tr")
    expect(rows.first).to_be_visible()
    return dict(row.split() for row in (row.inner_text() for row in rows.all()))


def check_answer(page: Page, prediction: Prediction) -> None:
    expect(page.locator(".answer .emotion")).to_have_text(prediction.emotion)
    largest_first = sorted(prediction.probabilities.items(), key=lambda one: -one[1])
    assert list(shown(page).items()) == [(name, f"{probability:.1%}") for name, probability in largest_first]


def test_an_uploaded_clip_is_answered_as_ser_predict_does(
    page: Page, tmp_path: Path, predict: Callable[[Path], Prediction]
) -> None:
    for seed in (1, 2):  # the second takes the first one's place
        path = write_clip(tmp_path / f"{seed}.wav", seed)
        upload(page, path)
        check_answer(page, predict(path))
        expect(page.get_by_role("img", name="Waveform and log-mel spectrogram")).to_be_visible()
        page.get_by_role("button", name="Clear").last.click()
        expect(page.locator(".answer")).to_contain_text("Record or upload a voice")


@pytest.mark.skipif(not REAL.exists(), reason="../shared/corpora is not beside this checkout")
def test_a_real_recording_is_answered_as_ser_predict_does(page: Page, predict: Callable[[Path], Prediction]) -> None:
    path = min(REAL.iterdir())
    upload(page, path)
    check_answer(page, predict(path))


def test_a_text_file_is_refused_in_words_and_the_next_file_is_answered(
    page: Page, tmp_path: Path, predict: Callable[[Path], Prediction]
) -> None:
    for name in ("notes.txt", "notes.wav"):
        (tmp_path / name).write_text("I am no recording.\n" * 20)
        upload(page, tmp_path / name)
        expect(page.get_by_role("alert").filter(has_text="No answer")).to_contain_text(
            "This recording cannot be used: expected WAV, FLAC, Ogg, MP3, AIFF, AU, CAF or W64, found none of them."
        )
    path = write_clip(tmp_path / "a.wav", 1)
    upload(page, path)
    check_answer(page, predict(path))


def test_what_is_silent_or_too_long_or_too_large_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", 0 * clip(1), 16_000)
    soundfile.write(tmp_path / "long.ogg", clip(1, 25), 16_000)
    soundfile.write(tmp_path / "large.wav", clip(1, 40), 16_000)
    for name, reason in (("silent.wav", "digital silence"), ("long.ogg", "expected at most 20 s, found more")):
        upload(page, tmp_path / name)
        expect(page.locator(".refusal")).to_contain_text(reason)
    upload(page, tmp_path / "large.wav")
    expect(page.get_by_text("exceed the maximum allowed size")).to_be_visible()


def test_a_voice_is_recorded_from_the_microphone_and_answered(
    page: Page, tmp_path: Path, predict: Callable[[Path], Prediction]
) -> None:
    with page.expect_request(re.compile(r"/gradio_api/file=.*\.wav$")) as playing:
        page.get_by_role("button", name="Record", exact=True).click()
        page.wait_for_timeout(1000 * SPOKEN_SECONDS)
        page.get_by_role("button", name="Stop").first.click()
    recorded = tmp_path / "recorded.wav"
    recorded.write_bytes(httpx.get(playing.value.url).content)
    samples, rate = soundfile.read(recorded)
    assert len(samples) / rate > 0.5 * SPOKEN_SECONDS
    assert abs(samples).max() > 0.01  # the clip, and no silence
    check_answer(page, predict(recorded))


def test_below_the_least_confidence_the_answer_is_unsure(page: Page, tmp_path: Path) -> None:
    upload(page, write_clip(tmp_path / "a.wav", 1))
    before = shown(page)
    page.get_by_role("slider").fill("1")
    expect(page.locator(".answer .emotion")).to_have_text("unsure")
    assert shown(page) == before


def test_a_long_recording_is_shown_over_time_and_a_short_one_is_not(page: Page, tmp_path: Path) -> None:
    timeline = page.get_by_role("img", name="Emotions over time")
    upload(page, write_clip(tmp_path / "long.wav", 1, 6.0))
    expect(timeline).to_be_visible()
    expect(page.locator(".answer")).to_contain_text("of which this is the first 0.4 s")
    page.get_by_role("button", name="Clear").last.click()
    upload(page, write_clip(tmp_path / "short.wav", 1, 0.3))
    expect(page.get_by_role("img", name="Waveform and log-mel")).to_be_visible()
    expect(timeline).to_have_count(0)


def test_what_spoke_for_an_emotion_is_shown(page: Page, tmp_path: Path, predict: Callable[[Path], Prediction]) -> None:
    path = write_clip(tmp_path / "a.wav", 1)
    upload(page, path)
    shown(page)
    page.get_by_role("tab", name="Explanation").click()
    page.get_by_role("button", name="Explain").click()
    spoke = f"What in the spectrogram spoke for {predict(path).emotion}"
    expect(page.get_by_role("img", name=spoke)).to_be_visible()


def test_the_model_card_names_the_file_that_was_trained(page: Page, folder: Path) -> None:
    page.get_by_role("tab", name="The model").click()
    md5 = hashlib.md5((folder / "models/model.safetensors").read_bytes(), usedforsecurity=False).hexdigest()
    expect(page.get_by_role("row", name="Trained file")).to_contain_text(md5)
    expect(page.get_by_role("row", name="Test UAR")).to_contain_text("UAR 50.0%, accuracy 62.5%")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_page(browser: Browser, address: str, tmp_path: Path, scheme: str) -> None:
    with browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(address)
        upload(page, write_clip(tmp_path / "long.wav", 1, 6.0))
        expect(page.get_by_role("img", name="Emotions over time")).to_be_visible(timeout=60_000)
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_with_a_token_the_page_asks_for_it_and_works(
    browser: Browser, folder: Path, tmp_path: Path, predict: Callable[[Path], Prediction]
) -> None:
    path = write_clip(tmp_path / "a.wav", 1)
    token = "a-token-of-the-tests-0123456789"  # noqa: S105
    shutil.copytree(folder / "models", tmp_path / "models")
    with running_service(tmp_path, SER_TOKEN=token) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_label("token").fill(token)
        page.get_by_role("button", name="Continue").click()
        upload(page, path)
        check_answer(page, predict(path))
