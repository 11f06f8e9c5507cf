import os
import pickle
import struct
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.testing import assert_allclose, assert_array_equal

from ser.audio import limits, reader
from ser.audio.decode import decode, read_audio
from ser.audio.limits import AudioError, DecodeLimits
from ser.audio.messages import captured_messages
from ser.errors import InputError
from tests.conftest import clip

RATE = 16000
FORMATS = {"wav": {}, "flac": {}, "ogg": {}, "mp3": {}, "opus": {"format": "OGG", "subtype": "OPUS"}}


def speech_like(seconds: float = 1.0, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Noise with a slow envelope, float32, shape (n_samples, channels)."""
    n_samples = int(seconds * RATE)
    envelope = 0.05 + 0.2 * np.abs(np.sin(np.linspace(0, 9, n_samples)))[:, np.newaxis]
    noise = np.random.default_rng(seed).uniform(-1, 1, (n_samples, channels))
    return (envelope * noise).astype(np.float32)


def write(path: Path, samples: np.ndarray, rate: int = RATE, **options: str) -> Path:
    soundfile.write(path, samples, rate, **(FORMATS.get(path.suffix[1:], {}) | options))
    return path


def reason_for(path: Path) -> str:
    with pytest.raises(AudioError) as caught:
        decode(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert caught.value.reason in limits.REASONS
    return caught.value.reason


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("name", "subtype"), [("a.wav", "PCM_16"), ("a.flac", "PCM_16"), ("a.wav", "FLOAT")])
def test_lossless_files_come_back_as_they_were(tmp_path: Path, name: str, subtype: str, channels: int) -> None:
    samples = speech_like(channels=channels)
    decoded, rate = decode(write(tmp_path / name, samples, subtype=subtype))
    assert rate == RATE
    assert decoded.dtype == np.float32
    assert decoded.shape == (RATE, channels)
    assert_allclose(decoded, samples, rtol=0, atol=0 if subtype == "FLOAT" else 2**-15)


@pytest.mark.parametrize("extension", ["ogg", "mp3", "opus"])
def test_lossy_files_come_back_in_length_and_level(tmp_path: Path, extension: str) -> None:
    samples = speech_like(channels=2)
    decoded, rate = decode(write(tmp_path / f"a.{extension}", samples))
    assert rate == RATE
    assert decoded.dtype == np.float32
    assert decoded.shape == samples.shape
    assert decoded.std() == pytest.approx(samples.std(), rel=0.25)


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("name", ["a.txt", "a", "a.raw", "a.sd2", "a.au"])
def test_the_content_decides_and_not_the_extension(tmp_path: Path, extension: str, name: str) -> None:
    path = write(tmp_path / f"b.{extension}", speech_like()).rename(tmp_path / name)
    assert decode(path)[0].shape == (RATE, 1)


@pytest.mark.parametrize("extension", FORMATS)
def test_reading_in_blocks_gives_what_reading_at_once_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extension: str
) -> None:
    path = write(tmp_path / f"a.{extension}", speech_like())
    at_once, _ = decode(path)
    monkeypatch.setattr(reader, "_BLOCK", 1000)
    assert_array_equal(decode(path)[0], at_once)


def test_a_missing_file_and_a_folder_are_missing(tmp_path: Path) -> None:
    assert reason_for(tmp_path / "a.wav") == "missing"
    assert reason_for(tmp_path) == "missing"


def test_a_pipe_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", speech_like())
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(path.read_bytes()))
    writer.start()
    assert_array_equal(decode(tmp_path / "pipe")[0], decode(path)[0])
    writer.join()


def test_a_device_is_not_read() -> None:
    assert reason_for(Path("/dev/zero")) == "missing"


@pytest.mark.parametrize("extension", FORMATS)
def test_zero_bytes_are_empty(tmp_path: Path, extension: str) -> None:
    (tmp_path / f"a.{extension}").write_bytes(b"")
    assert reason_for(tmp_path / f"a.{extension}") == "empty"


def test_a_header_without_samples_is_empty(tmp_path: Path) -> None:
    assert reason_for(write(tmp_path / "none.wav", np.zeros((0, 1)))) == "empty"
    path = write(tmp_path / "cut.wav", speech_like())
    path.write_bytes(path.read_bytes()[:44])
    assert reason_for(path) == "empty"


@pytest.mark.parametrize("content", [b"this is no sound\n" * 20, b"\x00" * 500, b"RIFF", b"%PDF-1.7\n" + bytes(100)])
def test_what_is_no_audio_is_not_audio(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    assert reason_for(tmp_path / "a.wav") == "not audio"


@pytest.mark.parametrize("extension", ["aiff", "au", "caf", "rf64", "w64"])
def test_what_libsndfile_reads_besides_is_read(tmp_path: Path, extension: str) -> None:
    samples = speech_like(channels=2)
    decoded, rate = decode(write(tmp_path / f"a.{extension}", samples))
    assert rate == RATE
    assert_allclose(decoded, samples, rtol=0, atol=2**-15)


def test_a_container_of_other_things_is_not_audio(tmp_path: Path) -> None:
    assert reason_for(write(tmp_path / "a.mat", speech_like(), format="MAT5")) == "not audio"


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_truncated_file_is_heard_as_far_as_it_goes_and_is_no_whole_recording(
    tmp_path: Path, extension: str, share: float
) -> None:
    path = write(tmp_path / f"a.{extension}", speech_like(seconds=4))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert reason_for(path) == "truncated"
    heard = read_audio(path)
    seconds = len(heard.samples) / RATE
    assert 0.8 < seconds < 4
    assert heard.notes == (heard.missing,)
    unknown = f"an unknown part is missing, and {seconds:.2f} s are there"
    known = f"{4 - seconds:.2f} s of 4.00 s is missing, and {seconds:.2f} s are there"
    expected = unknown if extension in ("ogg", "opus") else known
    if extension == "mp3":  # its tag counts frames, of which one is silence
        assert f"and {seconds:.2f} s are there" in heard.missing
    else:
        assert heard.missing == f"{path}: it is cut off: {expected}"


def test_a_truncated_big_endian_wav_is_truncated(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech_like(), endian="BIG")
    assert decode(path)[0].shape == (RATE, 1)
    path.write_bytes(path.read_bytes()[:-1000])
    assert reason_for(path) == "truncated"


def test_a_flac_with_a_hole_is_unreadable(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", speech_like())
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2000] = bytes(2000)
    path.write_bytes(content)
    assert reason_for(path) == "unreadable"


@pytest.mark.parametrize("length", [0x7FFFF000, 0xFFFFFFFF])
def test_a_wav_from_a_pipe_has_no_length_and_is_read_to_its_end(tmp_path: Path, length: int) -> None:
    path = write(tmp_path / "a.wav", speech_like())
    content = bytearray(path.read_bytes())
    content[40:44] = struct.pack("<I", length)
    path.write_bytes(content)
    assert len(decode(path)[0]) == RATE


def test_a_flac_from_a_pipe_has_no_length_and_is_read_to_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", speech_like())
    expected, _ = decode(path)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # the upper 4 of STREAMINFO's 36 bits of total samples
    content[22:26] = bytes(4)
    path.write_bytes(content)
    assert_array_equal(decode(path)[0], expected)


def test_a_wav_with_chunks_after_its_samples_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech_like())
    path.write_bytes(path.read_bytes() + b"junk" + struct.pack("<I", 3) + b"abc\x00")
    assert len(decode(path)[0]) == RATE


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_not_finite(tmp_path: Path, value: float) -> None:
    samples = speech_like(channels=2)
    samples[500, 1] = value
    assert reason_for(write(tmp_path / "a.wav", samples, subtype="FLOAT")) == "not finite"


def test_doubles_beyond_float32_are_not_finite(tmp_path: Path) -> None:
    assert reason_for(write(tmp_path / "a.wav", np.full(100, 1e300), subtype="DOUBLE")) == "not finite"


def test_a_float_file_in_other_units_is_unreadable(tmp_path: Path) -> None:
    assert reason_for(write(tmp_path / "a.wav", 32768 * speech_like(), subtype="FLOAT")) == "unreadable"


def test_a_float_file_may_overshoot(tmp_path: Path) -> None:
    samples = 8 * speech_like()
    assert_array_equal(decode(write(tmp_path / "a.wav", samples, subtype="FLOAT"))[0], samples)


@pytest.mark.parametrize("peak", [0.0, 0.0005, 0.0009])
def test_a_peak_below_minus_60_dbfs_is_silent(tmp_path: Path, peak: float) -> None:
    samples = peak * np.sin(np.arange(RATE))
    assert reason_for(write(tmp_path / "a.wav", samples, subtype="FLOAT")) == "silent"


def test_a_peak_above_minus_60_dbfs_is_not_silent(tmp_path: Path) -> None:
    samples = 0.00101 * np.sin(np.arange(RATE))
    assert len(decode(write(tmp_path / "a.wav", samples, subtype="FLOAT"))[0]) == RATE


def test_too_many_channels_are_unreadable(tmp_path: Path) -> None:
    assert decode(write(tmp_path / "a.wav", speech_like(channels=8)))[0].shape == (RATE, 8)
    assert reason_for(write(tmp_path / "a.wav", speech_like(channels=9))) == "unreadable"


@pytest.mark.parametrize("rate", [1, 3999, 384001, 2**31 - 1])
def test_an_absurd_sampling_rate_is_unreadable(tmp_path: Path, rate: int) -> None:
    assert reason_for(write(tmp_path / "a.wav", speech_like(), rate)) == "unreadable"


@pytest.mark.parametrize("limit", [DecodeLimits(seconds=1), DecodeLimits(samples=2 * RATE)])
def test_a_recording_that_is_too_long_is_refused(tmp_path: Path, limit: DecodeLimits) -> None:
    assert len(decode(write(tmp_path / "a.flac", speech_like(1.0, channels=2)), limit)[0]) == RATE
    with pytest.raises(AudioError, match=r"a\.flac: expected at most 1 s, found more; cut it"):
        decode(write(tmp_path / "a.flac", speech_like(1.001, channels=2)), limit)


def test_a_header_that_promises_days_reserves_no_memory_for_them(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", speech_like())
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # the upper 4 of STREAMINFO's 36 bits of total samples
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)
    assert reason_for(path) == "truncated"


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.filterwarnings("error")
def test_damaged_headers_are_decoded_or_refused(
    tmp_path: Path, extension: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no ffmpeg, for which these would be too many
    rng = np.random.default_rng(0)
    original = write(tmp_path / f"a.{extension}", speech_like(0.25)).read_bytes()
    path = tmp_path / "damaged"
    for _ in range(100):
        content = np.frombuffer(original, np.uint8).copy()
        content[rng.integers(0, 100, rng.integers(1, 6))] = rng.integers(0, 256)
        path.write_bytes(content[: rng.choice([len(content), rng.integers(1, len(content))])].tobytes())
        try:
            samples, rate = decode(path)
        except AudioError as error:
            assert error.reason in limits.REASONS  # noqa: PT017 (either outcome is right)
        else:
            assert samples.ndim == 2
            assert np.isfinite(samples).all()
            assert 1 <= samples.shape[1] <= limits.MAX_CHANNELS
            assert limits.SAMPLING_RATES[0] <= rate <= limits.SAMPLING_RATES[1]


def test_an_audio_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(AudioError("a.wav: expected audio", "empty")))  # noqa: S301 (our own)
    assert isinstance(error, InputError)
    assert (str(error), error.reason) == ("a.wav: expected audio", "empty")


def test_what_the_mp3_decoder_says_of_damage_is_a_note_that_names_the_file(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "whole.mp3", clip(1, 4.0), 16_000)
    whole = (tmp_path / "whole.mp3").read_bytes()
    assert read_audio(tmp_path / "whole.mp3").notes == ()
    rng = np.random.default_rng(0)
    found = []
    for number in range(20):
        damaged = bytearray(whole)
        damaged[int(rng.integers(2000, len(whole)))] ^= 0xFF
        (tmp_path / f"{number}.mp3").write_bytes(damaged)
        with suppress(AudioError):
            found += read_audio(tmp_path / f"{number}.mp3").notes
    assert any("some frames are damaged and may sound wrong: " in note for note in found)
    assert all(note.startswith(str(tmp_path)) for note in found)
    assert capfd.readouterr() == ("", "")


def test_what_others_write_to_stderr_meanwhile_arrives(capfd: pytest.CaptureFixture[str]) -> None:
    messages: dict[str, None] = {}
    with captured_messages(messages):
        os.write(2, b"[src/libmpg123/layer3.c:f():1] error: odd!\nanother line\n")
    assert list(messages) == ["odd!"]
    assert capfd.readouterr().err == "another line\n"
