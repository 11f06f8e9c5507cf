import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from ser.audio import blocks as blocks_module
from ser.audio import ffmpeg
from ser.audio.blocks import blocks_of, open_blocks, resample_blocks
from ser.audio.decode import read_audio
from ser.audio.limits import AudioError, DecodeLimits
from ser.audio.signal import resample
from tests.conftest import clip, write_clip


def read(recording: Path | io.BytesIO) -> np.ndarray:
    with open_blocks(recording) as audio:
        return np.concatenate(list(audio.blocks()))


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_blocks_are_what_the_whole_file_is(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, np.stack([clip(1, 4.0, 44_100), clip(2, 4.0, 44_100)], axis=1), 44_100)
    whole = read_audio(path)
    with open_blocks(path) as audio:
        blocks = list(audio.blocks())
    assert len(blocks) > 2
    assert np.array_equal(np.concatenate(blocks), whole.signal)
    assert audio.reader.sampling_rate == whole.sampling_rate == 44_100
    assert audio.reader.seconds == pytest.approx(4.0, abs=0.1)
    assert np.array_equal(read(io.BytesIO(path.read_bytes())), whole.signal)


@pytest.mark.parametrize(("source", "target"), [(48_000, 22_050), (8_000, 22_050), (22_050, 22_050)])
def test_resampled_blocks_are_the_resampled_whole(source: int, target: int) -> None:
    signal = clip(3, 1.7, source)
    blocks = np.split(signal, [1, 7, 5000, 5001, 9000])
    found = np.concatenate(list(resample_blocks(blocks, source, target)))
    whole = resample(signal, source, target)
    assert abs(len(found) - len(whole)) <= 1
    n = min(len(found), len(whole))
    np.testing.assert_allclose(found[:n], whole[:n], atol=1e-6)


@given(st.lists(st.integers(0, 9), max_size=9), st.integers(1, 7))
def test_all_blocks_but_the_last_get_the_length(lengths: list[int], length: int) -> None:
    signal = np.arange(sum(lengths))
    found = list(blocks_of(length, np.split(signal, np.cumsum(lengths)[:-1]) if lengths else []))
    assert np.array_equal(np.concatenate([signal[:0], *found]), signal)
    assert all(len(block) == length for block in found[:-1])
    assert all(0 < len(block) <= length for block in found[-1:])


def text(path: Path) -> None:
    path.write_text("I am no recording.\n" * 20)


def header_alone(path: Path) -> None:
    soundfile.write(path, np.zeros(0), 16_000)


def not_finite(path: Path) -> None:
    soundfile.write(path, np.append(clip(1, 1.0), np.nan), 16_000, subtype="FLOAT")


def too_loud(path: Path) -> None:
    soundfile.write(path, 100 * clip(1, 1.0), 16_000, subtype="FLOAT")


def many_channels(path: Path) -> None:
    soundfile.write(path, np.ones((100, 9)) / 2, 16_000)


def damaged(path: Path) -> None:
    soundfile.write(path, clip(1, 20.0), 16_000, format="FLAC")
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2000] = bytes(2000)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "make", [text, header_alone, many_channels, damaged, not_finite, too_loud, Path.touch, Path.mkdir, Path.exists]
)
def test_what_cannot_be_decoded_is_refused_in_the_same_words(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    make(path)
    with pytest.raises(AudioError) as expected:
        read_audio(path)
    with pytest.raises(AudioError) as found:
        read(path)
    assert (str(found.value), found.value.reason) == (str(expected.value), expected.value.reason)


def test_a_file_that_was_cut_short_is_read_and_said_to_be(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.wav", 1, 2.0)
    path.write_bytes(path.read_bytes()[:24_044])
    with open_blocks(path) as audio:
        assert sum(map(len, audio.blocks())) == 12_000
    assert audio.reader.missing == pytest.approx(2.0 - 0.75)


def test_channels_that_cancel_each_other_are_not_mixed(tmp_path: Path) -> None:
    signal = clip(1, 6.0)
    soundfile.write(tmp_path / "a.wav", np.stack([0.9 * signal, -signal], axis=1), 16_000, subtype="FLOAT")
    with open_blocks(tmp_path / "a.wav") as audio:
        assert np.array_equal(np.concatenate(list(audio.blocks())), -signal)
        (note,) = audio.notes(6.0)
    assert note == f"{tmp_path}/a.wav: its channels cancel each other: the loudest of them is heard"
    assert np.array_equal(read_audio(tmp_path / "a.wav").signal, -signal)


def test_there_is_a_longest_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.wav", 1, 2.0)
    monkeypatch.setattr(blocks_module, "LONGEST", DecodeLimits(seconds=2))
    assert len(read(path)) == 32_000
    monkeypatch.setattr(blocks_module, "LONGEST", DecodeLimits(seconds=1))
    with pytest.raises(AudioError, match=r"a\.wav: expected at most 1 s, found more; cut it"):
        read(path)


def test_without_ffmpeg_the_recording_of_a_phone_is_refused_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes([0, 0, 0, 28]) + b"ftypM4A " + bytes(100)
    (tmp_path / "a.m4a").write_bytes(content)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        AudioError, match=r"/a\.m4a: M4A, MP4, WebM, AAC, WMA, AMR and rare encodings are read by the program ffmpeg"
    ):
        read(tmp_path / "a.m4a")
    with pytest.raises(
        AudioError, match=r"^-: M4A, MP4, WebM, AAC, WMA, AMR and rare encodings are read by the program ffmpeg"
    ):
        read(io.BytesIO(content))


def test_what_ffmpeg_makes_is_read_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def to_wav(source: Path, demuxer: str, target: Path, name: str, limits: DecodeLimits) -> str:
        assert (source, demuxer) == (tmp_path / "a.webm", "matroska")
        made.append(write_clip(target, 5))
        return ""

    monkeypatch.setattr(ffmpeg, "to_wav", to_wav)
    (tmp_path / "a.webm").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(100))
    assert np.array_equal(read(tmp_path / "a.webm"), read_audio(write_clip(tmp_path / "b.wav", 5)).signal)
    assert not made[0].exists()
