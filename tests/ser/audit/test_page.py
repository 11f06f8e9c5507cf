from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile

from ser.audit import page
from ser.audit.folders import audit_corpus, audit_recordings
from ser.audit.page import address, write_page
from tests.conftest import clip

HOSTILE = """<img src=x onerror=alert(1)> "'&%3Cscript%3E#?.wav"""


class Elements(HTMLParser):
    """All start tags with their attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def stereo(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.stack([clip(seed, 1.0)] * 2, axis=1), 16_000, format="WAV")
    return path


def test_a_hostile_name_stays_text_and_its_player_finds_it(tmp_path: Path) -> None:
    recording = stereo(tmp_path / "raw" / HOSTILE)
    target = tmp_path / "out" / "deep" / "audit.html"
    write_page(audit_recordings(tmp_path / "raw"), target, "<script>alert(1)</script>")
    elements = Elements(target.read_text(encoding="utf-8"))
    assert not {"script", "img", "iframe", "link"} & {tag for tag, _ in elements.tags}
    assert not any(name.startswith("on") for _, attributes in elements.tags for name in attributes)
    assert HOSTILE in elements.text
    sources = {attributes["src"] for tag, attributes in elements.tags if tag == "audio"}
    (source,) = sources
    assert source is not None
    assert not {"#", "?", "<", '"'} & set(source)
    assert (target.parent / unquote(source)).resolve() == recording


def test_a_name_that_is_no_text_is_shown_and_played(tmp_path: Path) -> None:
    try:
        stereo(tmp_path / "raw" / "a.wav").rename(tmp_path / "raw" / "\udcff.wav")
    except OSError:
        pytest.skip("this file system takes no such name")
    write_page(audit_recordings(tmp_path / "raw"), tmp_path / "audit.html", "raw")
    text = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "raw/%FF.wav" in text


def test_the_page_needs_nothing_from_elsewhere(ravdess_folder: Callable[..., Path], tmp_path: Path) -> None:
    folder = ravdess_folder(actors=2)
    target = tmp_path / "audit.html"
    write_page(audit_corpus(folder, "ravdess", None), target, "ravdess")
    text = target.read_text(encoding="utf-8")
    elements = Elements(text)
    assert text.count("<svg") == text.count("<figcaption>") == 4
    assert "default-src 'none'" in text
    references = [
        value for _, attributes in elements.tags for name, value in attributes.items() if name in {"src", "href"}
    ]
    assert references
    assert not any("//" in str(value) for value in references)
    assert str(tmp_path) not in text.replace(folder.as_posix(), "")
    assert "<bdi>Actor_01/03-01-01-01-01-01-01.wav</bdi>" in text
    write_page(audit_corpus(folder, "ravdess", None), tmp_path / "again.html", "ravdess")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == text


def test_an_audit_without_labels_or_findings_makes_a_page(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "notes.txt").write_text("nothing to hear")
    write_page(audit_recordings(tmp_path / "raw"), tmp_path / "audit.html", "raw")
    elements = Elements((tmp_path / "audit.html").read_text(encoding="utf-8"))
    assert "audio" not in {tag for tag, _ in elements.tags}
    assert "no recording: 1" in elements.text


def test_findings_beyond_the_largest_number_are_said_to_be_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MAX_ROWS", 2)
    for seed in range(5):
        stereo(tmp_path / "raw" / f"{seed}.wav", seed)
    write_page(audit_recordings(tmp_path / "raw"), tmp_path / "audit.html", "raw")
    text = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "stereo: 5" in text
    assert "3 more are not shown here" in text


def test_addresses_lead_from_the_page_to_the_recording() -> None:
    assert address(Path("data/raw/a b.wav"), Path("reports/audit.html")) == "../data/raw/a%20b.wav"
    assert address(Path("javascript:x"), Path("audit.html")) == "javascript%3Ax"
