import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser.audio import ffmpeg
from ser.audio.decode import decode, read_audio
from ser.audio.limits import AudioError, DecodeLimits
from tests.conftest import clip, write_clip

MP4 = bytes([0, 0, 0, 28]) + b"ftypM4A " + bytes(100)
WEBM = b"\x1a\x45\xdf\xa3" + bytes(100)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for ffmpeg, to be written; it is alone on the path."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin" / "ffmpeg"


def write_program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("head", "expected"), [(MP4, "mov"), (WEBM, "matroska"), (b"RIFF", "wav"), (b"text", None), (b"", None)]
)
def test_a_container_is_told_by_its_content(head: bytes, expected: str | None) -> None:
    assert ffmpeg.demuxer(head[:12]) == expected


def test_without_ffmpeg_the_message_says_what_to_install(program: Path, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(MP4)
    with pytest.raises(
        AudioError,
        match=r"a.wav: M4A, MP4, WebM, AAC, WMA, AMR and rare encodings are read by the program ffmpeg, which",
    ):
        decode(tmp_path / "a.wav")


def test_ffmpeg_is_told_the_demuxer_and_nothing_that_a_name_could_change(program: Path, tmp_path: Path) -> None:
    wav = write_clip(tmp_path / "real.wav", 1)
    write_program(
        program, f'printf "%s\\n" "$@" > {tmp_path}/said; for last; do :; done; /bin/cp {wav} "${{last#file:}}"'
    )
    source = tmp_path / "-i concat:x|y; rm.m4a"
    source.write_bytes(MP4)
    samples, rate = decode(source)
    assert rate == 16_000
    np.testing.assert_array_equal(samples, decode(wav)[0])
    said = (tmp_path / "said").read_text().splitlines()
    assert said[said.index("-f") + 1] == "mov"
    assert said[said.index("-i") + 1] == f"file:{source}"
    assert said[said.index("-protocol_whitelist") + 1] == "file,pipe"
    assert "-nostdin" in said
    assert not Path(said[-1].removeprefix("file:")).exists()


def test_what_ffmpeg_cannot_read_is_one_line_with_its_reason(program: Path, tmp_path: Path) -> None:
    write_program(program, "echo first >&2; echo 'moov atom not found' >&2; exit 1")
    (tmp_path / "a.mp4").write_bytes(MP4)
    with pytest.raises(AudioError, match=r"a.mp4: ffmpeg cannot read it, and says: moov atom not found$"):
        decode(tmp_path / "a.mp4")


def test_ffmpeg_is_not_waited_for_without_end(program: Path, tmp_path: Path) -> None:
    write_program(program, "exec /bin/sleep 60")
    (tmp_path / "a.webm").write_bytes(WEBM)
    with pytest.raises(AudioError, match=r"a.webm: ffmpeg took longer than 0.2 s"):
        ffmpeg.to_wav(tmp_path / "a.webm", "matroska", tmp_path / "out.wav", "a.webm", DecodeLimits(), timeout=0.2)


def test_a_stream_is_decoded_and_its_copy_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    path = write_clip(tmp_path / "a.wav", 1)
    with path.open("rb") as stream:
        samples = read_audio(stream).samples
    np.testing.assert_array_equal(samples, decode(path)[0])
    monkeypatch.setattr("ser.audio.reader.MAX_BYTES", 1000)
    with path.open("rb") as stream, pytest.raises(AudioError, match="upload: expected at most 1,000 bytes, found more"):
        read_audio(stream, "upload")
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize(("suffix", "codec"), [("m4a", "aac"), ("mp4", "aac"), ("webm", "libopus")])
def test_real_ffmpeg_gives_the_recording_back(tmp_path: Path, suffix: str, codec: str) -> None:
    signal = clip(3, seconds=2.0)
    soundfile.write(tmp_path / "a.wav", signal, 16_000)
    path = tmp_path / f"a.{suffix}"
    command = ["ffmpeg", "-nostdin", "-i", tmp_path / "a.wav", "-c:a", codec, path]
    subprocess.run(command, check=True, capture_output=True)
    samples, rate = decode(path)
    assert len(samples) / rate == pytest.approx(2.0, abs=0.1)
    assert samples.std() == pytest.approx(signal.std(), rel=0.1)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_a_play_list_that_is_called_mp4_opens_no_other_file(tmp_path: Path) -> None:
    write_clip(tmp_path / "secret.wav", 1)
    (tmp_path / "a.mp4").write_text(f"ffconcat version 1.0\nfile {tmp_path}/secret.wav\n")
    with pytest.raises(AudioError):
        decode(tmp_path / "a.mp4")
    with pytest.raises(AudioError, match="ffmpeg cannot read it"):
        ffmpeg.to_wav(tmp_path / "a.mp4", "mov", tmp_path / "out.wav", "a.mp4", DecodeLimits())
