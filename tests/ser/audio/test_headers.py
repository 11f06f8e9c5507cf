"""Files as phones, pipes, recorders and people leave them: heard whole, or it is said what is not."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.testing import assert_array_equal

from ser.audio.decode import decode, read_audio
from ser.audio.headers import NO_END_MARK
from ser.audio.limits import AudioError
from tests.ser.audio.test_decode import RATE, reason_for, speech_like, write

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
VBR = {"compression_level": 0.5, "bitrate_mode": "VARIABLE"}


def convert(source: Path, target: str, *options: str) -> Path:
    """A file that ffmpeg writes; to a pipe, if the options end in a dash."""
    path = source.with_name(target)
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-i", str(source), *options]
    if options[-1:] == ("-",):
        path.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    else:
        subprocess.run([*command, str(path)], check=True)
    return path


def loud_then_quiet() -> np.ndarray:
    """Noise, and then a tone: of a variable rate, whose beginning says little of the rest."""
    tone = 0.01 * np.sin(2 * np.pi * 200 * np.arange(4 * RATE) / RATE)
    return np.concatenate([np.random.default_rng(0).uniform(-0.9, 0.9, RATE), tone]).astype(np.float32)


def mp3_frames(path: Path) -> bytes:
    """An MP3 without its tag: as a pipe writes it."""
    content = path.read_bytes()
    at = max(content.find(b"Xing"), content.find(b"Info"))
    return content[content.index(b"\xff\xf3", at) :]


def as_mp3(path: Path, samples: np.ndarray) -> Path:
    soundfile.write(path, samples, RATE, format="MP3", **VBR)
    return path


def test_an_mp3_without_a_tag_is_heard_to_its_end(tmp_path: Path) -> None:
    for name, samples in (("falls", loud_then_quiet()), ("rises", loud_then_quiet()[::-1])):
        path = as_mp3(tmp_path / f"{name}.mp3", samples)
        assert len(decode(path)[0]) == len(samples)
        path.write_bytes(mp3_frames(path))
        heard = read_audio(path)
        assert 0 <= len(heard.samples) - len(samples) < 3000  # the encoder's delay and padding
        assert heard.notes == ()


@needs_ffmpeg
@pytest.mark.parametrize(
    "options",
    [
        ("-q:a", "4", "-f", "mp3", "-"),
        ("-b:a", "64k", "-f", "mp3", "-"),
        ("-q:a", "4"),
        ("-b:a", "64k", "-write_xing", "0"),
        ("-b:a", "64k", "-write_xing", "0", "-id3v2_version", "0"),
        ("-b:a", "64k", "-metadata", "title=a", "-metadata", "comment=b", "-write_id3v1", "1"),
        ("-q:a", "4", "-ar", "44100", "-ac", "2", "-f", "mp3", "-"),
        ("-c:a", "mp2", "-f", "mp2", "-"),
    ],
    ids=" ".join,
)
def test_an_mp3_of_any_writer_is_heard_to_its_end(
    tmp_path: Path, options: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    samples = loud_then_quiet()
    path = convert(write(tmp_path / "a.wav", samples), "a.mp3", *options)
    heard = read_audio(path)
    assert len(heard.signal) / heard.sampling_rate == pytest.approx(len(samples) / RATE, abs=0.12)
    assert heard.notes == ()
    assert capfd.readouterr() == ("", "")  # libmpg123 has nothing to say


def test_mp3s_that_were_joined_are_heard_one_after_the_other(tmp_path: Path) -> None:
    path = as_mp3(tmp_path / "a.mp3", speech_like())
    one = path.read_bytes()
    tag = b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128)
    path.write_bytes(one + tag + one + one)
    assert len(decode(path)[0]) == pytest.approx(3 * RATE, abs=6000)
    assert read_audio(path).notes == ()


def test_what_goes_on_at_another_rate_is_said_not_to_be_heard(tmp_path: Path) -> None:
    for extension in ("wav", "flac", "ogg", "mp3"):
        path = write(tmp_path / f"a.{extension}", speech_like())
        other = write(tmp_path / f"b.{extension}", speech_like(), 22_050)
        path.write_bytes(path.read_bytes() + other.read_bytes())
        heard = read_audio(path)
        assert len(heard.samples) == pytest.approx(RATE, abs=2000)
        (note,) = heard.notes
        assert note == f"{path}: it goes on at another sampling rate or with other channels, which is not heard"


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "opus"])
def test_files_that_were_joined_are_heard_one_after_the_other(tmp_path: Path, extension: str) -> None:
    path = write(tmp_path / f"a.{extension}", speech_like())
    once, _ = decode(path)
    path.write_bytes(3 * path.read_bytes())
    assert_array_equal(decode(path)[0], np.concatenate(3 * [once]))


def test_an_mp3_that_is_cut_off_says_so_with_and_without_a_tag(tmp_path: Path) -> None:
    path = as_mp3(tmp_path / "a.mp3", loud_then_quiet())
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert " of 5.0" in read_audio(path).missing
    path.write_bytes(mp3_frames(path)[:-5])  # inside a frame
    assert "an unknown part is missing" in read_audio(path).missing
    assert reason_for(path) == "truncated"


def test_an_mp3_with_trailing_tags_and_junk_is_whole(tmp_path: Path) -> None:
    path = as_mp3(tmp_path / "a.mp3", speech_like())
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, 40, 1, 0) + bytes(8 + 8)
    for tail in (b"TAG" + bytes(125), ape, bytes(3000), b"\xff" * 3000):
        path.write_bytes(path.read_bytes() + tail)
        assert len(decode(path)[0]) == RATE
        assert read_audio(path).notes == ()


def test_millions_of_false_frames_are_walked_over_once(tmp_path: Path) -> None:
    frame = bytes.fromhex("fff318c4")  # 24 bytes at 8 kbit/s
    (tmp_path / "a.mp3").write_bytes(b"ID3" + (frame + bytes(3)) * 100_000)
    with pytest.raises(AudioError):
        decode(tmp_path / "a.mp3")


@needs_ffmpeg
def test_an_mp3_inside_a_wav_is_whole(tmp_path: Path) -> None:
    path = convert(write(tmp_path / "a.wav", speech_like(2.0)), "b.wav", "-c:a", "libmp3lame")
    heard = read_audio(path)
    assert len(heard.samples) == pytest.approx(2 * RATE, abs=3000)
    assert (heard.container, heard.notes) == ("WAV", ())
    path.write_bytes(path.read_bytes()[:-3000])
    assert reason_for(path) == "truncated"


def page_checksum(page: bytes) -> int:
    """The CRC of an Ogg page (RFC 3533, section 6)."""
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


@pytest.mark.parametrize("extension", ["ogg", "opus"])
def test_a_voice_note_without_an_end_mark_is_heard_whole(tmp_path: Path, extension: str) -> None:
    path = write(tmp_path / f"a.{extension}", speech_like(2.0))
    expected, _ = decode(path)
    content = path.read_bytes()
    at = content.rindex(b"OggS")
    page = bytearray(content[at:])
    page[5] &= ~4
    page[22:26] = bytes(4)
    page[22:26] = page_checksum(bytes(page)).to_bytes(4, "little")
    path.write_bytes(content[:at] + page)
    assert len(decode(path)[0]) == pytest.approx(len(expected), abs=0.01 * RATE)
    assert read_audio(path).notes == (f"{path}: {NO_END_MARK}",)


def with_lengths(content: bytes, riff: int, data: int) -> bytes:
    at = content.index(b"data") + 4
    return content[:4] + struct.pack("<I", riff) + content[8:at] + struct.pack("<I", data) + content[at + 4 :]


@pytest.mark.parametrize("riff", [0, 8, 36])
def test_a_wav_of_a_recorder_that_died_is_heard_to_its_end(tmp_path: Path, riff: int) -> None:
    path = write(tmp_path / "a.wav", speech_like())
    expected, _ = decode(path)
    path.write_bytes(with_lengths(path.read_bytes(), riff, 0))
    assert_array_equal(decode(path)[0], expected)
    assert read_audio(path).notes == (
        f"{path}: its header says 0 samples, as of a recorder that died: it is heard to its end",
    )


@pytest.mark.parametrize("extra", [1, 2, 8, 36, 44, 300])
def test_a_few_bytes_too_many_in_a_header_are_no_loss(tmp_path: Path, extra: int) -> None:
    path = write(tmp_path / "a.wav", speech_like())
    expected, _ = decode(path)
    path.write_bytes(with_lengths(path.read_bytes(), 36 + 2 * RATE + extra, 2 * RATE + extra))
    assert_array_equal(decode(path)[0], expected)
    assert read_audio(path).notes == ()


def test_sound_behind_the_end_that_a_header_tells_is_said_not_to_be_heard(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech_like())
    path.write_bytes(with_lengths(path.read_bytes(), 36 + RATE, RATE))
    heard = read_audio(path)
    assert len(heard.samples) == RATE // 2
    assert heard.notes == (f"{path}: 16,000 bytes behind the end that its header tells are not heard",)
    path.write_bytes(write(path, speech_like()).read_bytes() + bytes(4096))
    assert read_audio(path).notes == ()  # zeros that fill a block


@pytest.mark.parametrize("name", ["a.aiff", "a.au", "a.caf", "a.w64", "a.rf64"])
def test_what_is_cut_off_is_found_in_any_container(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, speech_like(2.0))
    assert read_audio(path).notes == ()
    path.write_bytes(path.read_bytes()[:-32_000])
    assert read_audio(path).missing == (f"{path}: it is cut off: 1.00 s of 2.00 s is missing, and 1.00 s are there")
    assert reason_for(path) == "truncated"


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "options", "container"),
    [
        ("a.m4a", (), "MP4"),
        ("a.mka", (), "MATROSKA"),
        ("a.aac", ("-f", "adts"), "AAC"),
        ("a.wma", (), "ASF"),
        ("a.oga", ("-c:a", "flac", "-f", "ogg"), "OGG"),
        ("a.spx", ("-c:a", "libspeex"), "OGG"),
        ("g726.wav", ("-c:a", "g726", "-ar", "8000"), "WAV"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_libsndfile_does_not_know_is_left_to_ffmpeg(
    tmp_path: Path, name: str, options: tuple[str, ...], container: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = convert(write(tmp_path / "source.wav", speech_like(2.0)), name, *options)
    heard = read_audio(path)
    assert len(heard.signal) / heard.sampling_rate == pytest.approx(2.0, abs=0.15)
    assert (heard.container, heard.notes) == (container, ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AudioError, match=r"ffmpeg, which is not installed"):
        read_audio(path)


@needs_ffmpeg
def test_what_ffmpeg_finds_cut_off_is_said_to_be(tmp_path: Path) -> None:
    path = convert(write(tmp_path / "a.wav", speech_like(2.0)), "a.webm", "-c:a", "libopus")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    missing, said = read_audio(path).notes
    assert "an unknown part is missing" in missing
    assert said == f"{path}: ffmpeg says: File ended prematurely"


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3", "aiff", "au", "caf", "w64", "rf64"])
def test_damaged_files_are_decoded_or_refused(tmp_path: Path, extension: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no ffmpeg
    rng = np.random.default_rng(0)
    content = np.frombuffer(write(tmp_path / f"a.{extension}", speech_like(0.5)).read_bytes(), np.uint8)
    for _ in range(60):
        damaged = content.copy()
        damaged[rng.integers(0, len(content), 20)] = rng.integers(0, 256, 20)
        damaged[rng.integers(0, 60, 3)] = rng.integers(0, 256, 3)
        (tmp_path / "a").write_bytes(damaged[: rng.integers(1, 2 * len(content))].tobytes())
        try:
            heard = read_audio(tmp_path / "a")
        except AudioError as error:
            assert "\n" not in str(error)  # noqa: PT017 (either outcome is right)
        else:
            assert np.isfinite(heard.samples).all()
