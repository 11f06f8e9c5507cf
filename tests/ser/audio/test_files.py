import io
import zipfile
from pathlib import Path

import pytest
import soundfile

from ser.audio.files import Contents, describe_passed_over, find_recordings, look_through, other_kind
from tests.conftest import clip, write_clip


def zipped() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.wav", b"RIFF")
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("03a01Fa.lablaut", "; Kommentar: gehört\n0.1 a\n".encode("latin-1"), "text"),
        ("take.TextGrid", 'File type = "ooTextFile"\n'.encode("utf-16"), "text"),
        ("labels.csv", b"path,emotion\n", "text"),
        ("README", b"MAC and OggS are names of formats, ID3 too.\n", "text"),
        ("notes.json", b"{}", "text"),
        ("empty.silb", b"", "empty file"),
        (".DS_Store", b"\0\0\0\1Bud1\0\0", "system file"),
        ("Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "system file"),
        ("desktop.ini", b"[.ShellClassInfo]", "system file"),
        ("._a.wav", b"\0\5\x16\7\0\2\0\0Mac OS X", "system file"),
        ("._a.wav", b"", "system file"),
        ("face.png", b"\x89PNG\r\n\x1a\n\0\0", "picture"),
        ("face.heic", b"\0\0\0\x18ftypheic\0\0", "picture"),
        ("face.avi", b"RIFF\0\1\0\0AVI LIST", "video"),
        ("paper.pdf", b"%PDF-1.4\n\0\1", "document"),
        ("all.zip", zipped(), "archive"),
        ("model.npy", b"\x93NUMPY\1\0v\0", "other data"),
    ],
)
def test_what_is_plainly_no_recording_is_told_by_name_and_content(
    tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert other_kind(tmp_path / name) == kind


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.wav", b"I am no recording.\n"),
        ("a.wav", b""),
        ("A.MP3", b"\x89PNG\r\n\x1a\n\0\0"),
        ("a.ape", b"damaged"),
        ("a", b"\x01\x02\x03"),
        ("a.txt", b"RIFF\xff\0\0\0WAVEfmt \x10\0\0\0"),
        ("._a.wav", b"RIFF\xff\0\0\0WAVEfmt \x10\0\0\0"),
        ("a.bin", b"\xff\xfb\x90\x64\0\0"),
        ("a.dat", b"wvpk\0\0"),
        ("a.unknown", b"\0\0\0\x1cftypM4A \0\0"),
    ],
)
def test_what_is_or_claims_to_be_a_recording_is_not_another_kind(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert other_kind(tmp_path / name) is None


@pytest.mark.parametrize("kind", ["WAV", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "OGG", "MP3"])
def test_sound_that_libsndfile_writes_is_known_by_how_it_begins(tmp_path: Path, kind: str) -> None:
    soundfile.write(tmp_path / "a.txt", clip(0), 16_000, format=kind)
    assert other_kind(tmp_path / "a.txt") is None
    assert look_through(tmp_path) == Contents(unread=[tmp_path / "a.txt"])


def test_a_file_that_is_not_there_is_not_another_kind(tmp_path: Path) -> None:
    assert other_kind(tmp_path / "readme.txt") is None


def test_recordings_are_told_from_what_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.wav", "c.wma", "deep/a.AIFF", "odd.dat"):
        write_clip(tmp_path / "a.wav", 0).rename(tmp_path / name)
    (tmp_path / "music.ape").write_bytes(b"MAC \x96\x0f")
    (tmp_path / "._b.wav").write_bytes(b"\0\5\x16\7")
    (tmp_path / "notes.txt").write_text("nothing to hear")
    (tmp_path / "folder.wav").mkdir()
    contents = look_through(tmp_path)
    assert contents.recordings == [tmp_path / name for name in ("b.wav", "c.wma", "deep/a.AIFF")]
    assert contents.recordings == find_recordings(tmp_path)
    sound, system = describe_passed_over([contents, Contents()])
    assert sound.startswith("2 files that look like sound passed over (1 .ape, 1 .dat): convert them to WAV")
    assert system == "1 file of an operating system passed over, such as ._b.wav"
    assert describe_passed_over([Contents()]) == []
