"""The page in a real browser: Debian's chromium, headless, with a microphone that plays a file."""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright

from ser.inference.predictor import Prediction, Predictor
from ser.model_files.description import ExportedDescription
from ser.model_files.export import to_onnx
from ser.model_files.safetensors_file import Model, write_model
from tests.conftest import CORPORA, clip, write_clip
from tests.serving import running_service

CHROMIUM = shutil.which("chromium")
REAL = CORPORA / "ravdess/Actor_01"
SPOKEN_SECONDS = 1.5

CONTRASTS = """() => {
    const luminance = (colour) => {
        const [red, green, blue] = colour.match(/[\\d.]+/g).slice(0, 3).map((value) => {
            const share = value / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const ground = (element) => {
        const { backgroundColor } = getComputedStyle(element);
        return /, 0\\)$/.test(backgroundColor) ? ground(element.parentElement) : backgroundColor;
    };
    const found = {};
    for (const element of document.body.querySelectorAll("*")) {
        const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
        const text = texts.map((node) => node.data.trim()).join("");
        if (!text || !element.checkVisibility() || element.matches(":disabled, option, svg *")) continue;
        const colours = [getComputedStyle(element).color, ground(element)];
        const [light, dark] = colours.map(luminance).sort((a, b) => b - a);
        found[text] = (light + 0.05) / (dark + 0.05);
    }
    return found;
}"""
"""From each text on the page to its contrast."""

KEEP_WHAT_IS_SENT = """() => {
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (form) {
        window.sent = form.get("file");
        send.call(this, form);
    };
}"""
"""The browser does not show playwright the files in a form."""

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


@contextmanager
def watched(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """The page, opened; in the end, nothing was asked of another machine, and no script or policy was violated."""
    with browser.new_context(**options) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        hosts, failures = set[str | None](), list[object]()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.on("websocket", lambda socket: hosts.add(urlsplit(socket.url).hostname))
        page.on("pageerror", lambda error: failures.append(error))  # noqa: PLW0108 (it wants a function)
        page.on("console", lambda said: failures.append(said.text) if "Content Security" in said.text else None)
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        yield page
        assert hosts - {None} == {"127.0.0.1"}  # None: data: and blob:
        assert failures == []


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with watched(browser, address, viewport={"width": 1280, "height": 900}) as page:
        yield page


def upload(page: Page, path: Path) -> None:
    page.get_by_label("Choose a recording").set_input_files(path)


def record(page: Page) -> Locator:
    return page.get_by_role("button", name="Record", exact=True)


def emotion(page: Page) -> Locator:
    return page.locator("#emotion")


def verdict(page: Page) -> Locator:
    return page.locator("#verdict")


def shown(page: Page) -> dict[str, str]:
    """The bars' labels: from emotion to probability, as on the page, from top to bottom."""
    rows = page.get_by_role("table", name="Probability of each emotion").get_by_role("row")
    expect(rows.first).to_be_visible()
    return dict(row.split() for row in (row.inner_text() for row in rows.all()))


def check_answer(page: Page, prediction: Prediction) -> None:
    expect(emotion(page)).to_have_text(prediction.emotion)
    expect(page.locator("#busy")).to_be_hidden()
    largest_first = sorted(prediction.probabilities.items(), key=lambda one: -one[1])
    assert list(shown(page).items()) == [(name, f"{probability:.1%}") for name, probability in largest_first]
    bar = page.locator("#bars div").first
    share = bar.evaluate("bar => bar.getBoundingClientRect().width / bar.parentElement.clientWidth")
    assert share == pytest.approx(prediction.confidence, abs=0.02)


def heard(page: Page) -> Locator:
    return page.get_by_role("img", name="Waveform and log-mel spectrogram")


def over_time(page: Page) -> Locator:
    return page.get_by_role("img", name="Emotions over time")


def drop(page: Page, path: Path) -> None:
    """Drop a file on the page, as from a file manager."""
    page.evaluate(
        """content => {
            const data = new DataTransfer();
            data.items.add(new File([Uint8Array.from(content)], "dropped.wav"));
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        list(path.read_bytes()),
    )


def test_an_uploaded_clip_is_answered_as_ser_predict_does(
    page: Page, tmp_path: Path, predict: Callable[[Path], Prediction]
) -> None:
    for seed in (1, 2):  # the second takes the first one's place
        path = write_clip(tmp_path / f"{seed}.wav", seed)
        upload(page, path)
        check_answer(page, predict(path))
        expect(heard(page)).to_be_visible()
        expect(page.get_by_text(f"{seed}.wav")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Record or upload a voice")).to_be_visible()
    expect(heard(page)).to_be_hidden()


def test_what_is_missing_of_a_recording_is_said(page: Page, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "cut.wav", 1)
    path.write_bytes(path.read_bytes()[:-2000])
    upload(page, path)
    expect(page.locator("#notes")).not_to_be_empty()
    upload(page, write_clip(tmp_path / "whole.wav", 1))
    expect(page.locator("#notes")).to_be_empty()


def test_a_dropped_clip_is_answered(page: Page, tmp_path: Path, predict: Callable[[Path], Prediction]) -> None:
    path = write_clip(tmp_path / "a.wav", 3)
    drop(page, path)
    check_answer(page, predict(path))
    expect(page.get_by_text("dropped.wav")).to_be_visible()


@pytest.mark.skipif(not REAL.exists(), reason="../shared/corpora is not beside this checkout")
def test_a_real_recording_is_answered_as_ser_predict_does(page: Page, predict: Callable[[Path], Prediction]) -> None:
    path = min(REAL.iterdir())
    upload(page, path)
    check_answer(page, predict(path))


def test_what_was_heard_can_be_played(page: Page, tmp_path: Path) -> None:
    upload(page, write_clip(tmp_path / "a.wav", 1, 1.0))
    expect(heard(page)).to_be_visible()
    player = page.get_by_label("What the model hears", exact=True)
    assert player.evaluate("audio => audio.play().then(() => audio.duration)") == pytest.approx(0.4, abs=0.01)


def test_a_text_file_is_refused_in_words_and_the_next_file_is_answered(
    page: Page, tmp_path: Path, predict: Callable[[Path], Prediction]
) -> None:
    for name in ("notes.txt", "notes.wav"):
        (tmp_path / name).write_text("I am no recording.\n" * 20)
        upload(page, tmp_path / name)
        expect(page.get_by_role("alert").filter(visible=True)).to_have_text(
            "This recording cannot be used: expected WAV, FLAC, Ogg, MP3, AIFF, AU, CAF or W64, found none of them."
        )
        expect(page.get_by_text("No answer")).to_be_visible()
    path = write_clip(tmp_path / "a.wav", 1)
    upload(page, path)
    check_answer(page, predict(path))


def test_what_is_silent_or_too_long_or_too_large_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", 0 * clip(1), 16_000)
    soundfile.write(tmp_path / "long.ogg", clip(1, 25), 16_000)
    soundfile.write(tmp_path / "large.wav", clip(1, 40), 16_000)
    for name, reason in (
        ("silent.wav", "expected a peak of at least -60 dBFS"),
        ("long.ogg", "expected at most 20 s, found more"),
        ("large.wav", "expected at most 1.00 MB, found 1.22 MB"),
    ):
        upload(page, tmp_path / name)
        expect(page.locator("#reason")).to_contain_text(reason)


def answer_with(status: int | None, route: Route) -> None:
    if status is None:
        route.abort()
    else:
        route.fulfill(status=status, json={"error": "internal error"})


def test_a_service_that_is_busy_or_gone_or_fails_is_told_of_in_words(page: Page, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.wav", 1)
    for status, reason in (
        (429, "Too many recordings at once"),
        (401, "Load the page again"),
        (500, "The service has failed: internal error"),
        (None, "The service cannot be reached"),
    ):
        page.route("**/page/listen", partial(answer_with, status))
        upload(page, path)
        expect(page.locator("#reason")).to_contain_text(reason)
        expect(page.locator("#busy")).to_be_hidden()


def test_while_it_is_worked_on_the_page_says_so(page: Page, tmp_path: Path) -> None:
    waiting: list[Route] = []
    page.route("**/page/listen", lambda route: waiting.append(route))  # noqa: PLW0108 (it wants a function)
    upload(page, write_clip(tmp_path / "a.wav", 1))
    expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
    said = page.locator("#said")
    expect(said).to_have_role("status")
    expect(said).to_have_text("Listening …")
    waiting[0].continue_()
    expect(page.get_by_role("progressbar", name="Progress")).to_be_hidden()
    expect(said).to_contain_text("with a probability of")


def test_what_is_chosen_before_the_page_has_loaded_is_answered(
    page: Page, tmp_path: Path, predict: Callable[[Path], Prediction]
) -> None:
    waiting: list[Route] = []
    page.route("**/page/page.js", lambda route: waiting.append(route))  # noqa: PLW0108 (it wants a function)
    page.reload(wait_until="commit")
    path = write_clip(tmp_path / "a.wav", 1)
    upload(page, path)
    waiting[0].continue_()
    check_answer(page, predict(path))


def test_an_answer_that_comes_too_late_is_not_shown(page: Page, tmp_path: Path) -> None:
    page.route("**/page/listen", lambda route: None)  # never answered
    upload(page, write_clip(tmp_path / "a.wav", 1))
    expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Record or upload a voice")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Progress")).to_be_hidden()


def test_a_voice_is_recorded_from_the_microphone_and_answered(
    page: Page, tmp_path: Path, predict: Callable[[Path], Prediction]
) -> None:
    page.evaluate(KEEP_WHAT_IS_SENT)
    with page.expect_request("**/page/listen"), page.expect_websocket() as live:
        record(page).click()
        expect(verdict(page)).to_contain_text("so far")  # what the stream says while it is spoken
        expect(page.get_by_role("meter", name="Loudness")).to_be_visible()
        page.wait_for_timeout(1000 * SPOKEN_SECONDS)
        page.get_by_role("button", name="Stop").click()
    assert urlsplit(live.value.url).path == "/predict/stream"
    recorded = tmp_path / "recorded.wav"
    recorded.write_bytes(bytes(page.evaluate("async () => [...new Uint8Array(await sent.arrayBuffer())]")))
    samples, rate = soundfile.read(recorded)
    assert len(samples) / rate > 0.5 * SPOKEN_SECONDS
    assert abs(samples).max() > 0.01  # the clip, and no silence
    expect(verdict(page)).to_contain_text("heard in windows of 0.4 s")
    check_answer(page, predict(recorded))
    assert live.value.is_closed()


def test_a_microphone_that_is_not_given_is_told_of_in_words(browser: Browser, address: str) -> None:
    with watched(browser, address) as page:
        refusing = "async () => { throw new DOMException('', 'NotAllowedError') }"
        page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = {refusing} }}")
        record(page).click()
        expect(page.locator("#reason")).to_have_text("The browser does not let this page use the microphone.")
        expect(record(page)).to_be_enabled()


def test_below_the_least_confidence_the_answer_is_unsure(page: Page, tmp_path: Path) -> None:
    upload(page, write_clip(tmp_path / "a.wav", 1))
    before = shown(page)
    expect(page.locator("#bars .best")).to_have_count(1)
    page.get_by_role("slider", name="Least confidence").fill("1")
    expect(emotion(page)).to_have_text("unsure")
    expect(verdict(page)).to_contain_text("is most probable, with")
    expect(page.locator("#bars .best")).to_have_count(0)
    assert shown(page) == before


def test_a_long_recording_is_shown_over_time_and_a_short_one_is_not(page: Page, tmp_path: Path) -> None:
    rate = 16_000
    pause = 1e-4 * np.random.default_rng(0).normal(size=rate)
    soundfile.write(tmp_path / "long.wav", np.concatenate([pause, clip(1, 3), pause]), rate)
    upload(page, tmp_path / "long.wav")
    expect(over_time(page)).to_be_visible()
    name = over_time(page).get_attribute("aria-label")
    assert name
    assert re.search(r"\w+ from [\d.]+ to [\d.]+", name)
    expect(verdict(page)).to_contain_text("heard in windows of 0.4 s")
    upload(page, write_clip(tmp_path / "short.wav", 1, 0.3))
    expect(verdict(page)).not_to_contain_text("windows")
    expect(heard(page)).to_be_visible()
    expect(over_time(page)).to_be_hidden()


def test_what_spoke_for_an_emotion_is_shown(page: Page, tmp_path: Path, predict: Callable[[Path], Prediction]) -> None:
    path = write_clip(tmp_path / "a.wav", 1)
    explain = page.get_by_role("button", name="Explain")
    page.get_by_role("tab", name="Explanation").click()
    expect(explain).to_be_disabled()
    upload(page, path)
    explain.click()
    expect(page.get_by_role("img", name=f"spoke for {predict(path).emotion} (")).to_be_visible()
    page.get_by_label("Emotion", exact=True).select_option("sad")
    explain.click()
    expect(page.get_by_role("img", name="spoke for sad (")).to_be_visible()
    assert page.locator("#explanation-picture .for").count() > 0


def test_without_the_trained_model_no_explanation_is_offered(browser: Browser, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    shutil.copy(folder / "models/model.onnx", tmp_path / "models")
    with running_service(tmp_path) as address, watched(browser, address) as page:
        expect(page.get_by_role("tab")).to_have_text(["What is heard", "The model"])


def test_the_model_card_names_the_file_that_was_trained(page: Page, folder: Path) -> None:
    page.get_by_role("tab", name="The model").click()
    md5 = hashlib.md5((folder / "models/model.safetensors").read_bytes(), usedforsecurity=False).hexdigest()
    expect(page.get_by_role("row", name="Trained file")).to_contain_text(md5)
    expect(page.get_by_role("row", name="Test UAR")).to_contain_text("UAR 50.0%, accuracy 62.5%")


def test_all_of_it_can_be_used_from_the_keyboard(page: Page) -> None:
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert reached == ["record", "file", "least", "tab-heard", "heard"]
    page.get_by_role("tab", name="What is heard").focus()
    for key, name in (
        ("ArrowRight", "Explanation"),
        ("End", "The model"),
        ("ArrowRight", "What is heard"),
        ("ArrowLeft", "The model"),
        ("Home", "What is heard"),
    ):
        page.keyboard.press(key)
        tab = page.get_by_role("tab", name=name)
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel", name=name)).to_be_visible()
        expect(page.get_by_role("tabpanel")).to_have_count(1)
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("slider")).to_have_value("0.05")
    record(page).focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stop").press("Enter")
    expect(record(page)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_written_stands_out_from_its_ground(
    browser: Browser, address: str, tmp_path: Path, scheme: str
) -> None:
    """Contrast of at least 4.5, as WCAG 2.2 (1.4.3) asks for."""
    with watched(browser, address, color_scheme=scheme) as page:
        upload(page, write_clip(tmp_path / "a.wav", 1))
        shown(page)
        ratios = page.evaluate(CONTRASTS)
    assert len(ratios) > 20
    assert {text: ratio for text, ratio in ratios.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_page(browser: Browser, address: str, tmp_path: Path, scheme: str) -> None:
    with watched(browser, address, viewport={"width": 360, "height": 740}, color_scheme=scheme) as page:
        upload(page, write_clip(tmp_path / "long.wav", 1, 6.0))
        expect(over_time(page)).to_be_visible()
        for tab in page.get_by_role("tab").all():
            tab.click()
            assert page.evaluate("document.documentElement.scrollWidth") == 360
        page.get_by_role("tab", name="What is heard").click()
        page.set_viewport_size({"width": 740, "height": 360})  # it is turned
        expect(over_time(page)).to_have_js_property(
            "clientWidth", page.locator("#timeline-picture").evaluate("at => at.clientWidth")
        )
        assert page.evaluate("document.documentElement.scrollWidth") == 740
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground))) < 384) == (scheme == "dark")


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
        with page.expect_websocket() as live:
            record(page).click()
            expect(verdict(page)).to_contain_text("so far")
        page.get_by_role("button", name="Stop").click()
        expect(verdict(page)).to_contain_text("s of voice")
        assert token not in live.value.url
