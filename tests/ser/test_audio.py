import os
import pickle
import struct
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from ser import audio
from ser.audio import AudioError, audio_hash, decode, fix_length, resample, to_mono, trim_silence
from ser.errors import InputError

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
    assert caught.value.reason in audio.REASONS
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
    monkeypatch.setattr(audio, "_BLOCK", 1000)
    assert_array_equal(decode(path)[0], at_once)


def test_a_missing_file_and_a_folder_are_missing(tmp_path: Path) -> None:
    assert reason_for(tmp_path / "a.wav") == "missing"
    assert reason_for(tmp_path) == "missing"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wav")
    assert reason_for(tmp_path / "a.wav") == "missing"


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


def test_a_container_outside_the_four_is_not_audio(tmp_path: Path) -> None:
    assert reason_for(write(tmp_path / "a.au", speech_like())) == "not audio"
    assert reason_for(write(tmp_path / "a.mat", speech_like(), format="MAT5")) == "not audio"


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_a_truncated_file_is_unreadable(tmp_path: Path, extension: str, share: float) -> None:
    path = write(tmp_path / f"a.{extension}", speech_like(seconds=4))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert reason_for(path) == "unreadable"


def test_a_truncated_big_endian_wav_is_unreadable(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech_like(), endian="BIG")
    assert decode(path)[0].shape == (RATE, 1)
    path.write_bytes(path.read_bytes()[:-2])
    assert reason_for(path) == "unreadable"


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


@pytest.mark.parametrize("peak", [0.0, 0.0005, 0.00099])
def test_a_peak_below_minus_60_dbfs_is_silent(tmp_path: Path, peak: float) -> None:
    samples = np.zeros(RATE)
    samples[100] = -peak
    assert reason_for(write(tmp_path / "a.wav", samples, subtype="FLOAT")) == "silent"


def test_a_peak_above_minus_60_dbfs_is_not_silent(tmp_path: Path) -> None:
    samples = np.zeros(RATE)
    samples[100] = -0.00101
    assert decode(write(tmp_path / "a.wav", samples, subtype="FLOAT"))[0].min() == np.float32(-0.00101)


def test_too_many_channels_are_unreadable(tmp_path: Path) -> None:
    assert decode(write(tmp_path / "a.wav", speech_like(channels=8)))[0].shape == (RATE, 8)
    assert reason_for(write(tmp_path / "a.wav", speech_like(channels=9))) == "unreadable"


@pytest.mark.parametrize("rate", [1, 3999, 384001, 2**31 - 1])
def test_an_absurd_sampling_rate_is_unreadable(tmp_path: Path, rate: int) -> None:
    assert reason_for(write(tmp_path / "a.wav", speech_like(), rate)) == "unreadable"


@pytest.mark.parametrize(("limit", "value"), [("MAX_SECONDS", 1), ("MAX_SAMPLES", 2 * RATE)])
def test_a_recording_that_is_too_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(audio, limit, value)
    assert len(decode(write(tmp_path / "a.flac", speech_like(1.0, channels=2)))[0]) == RATE
    assert reason_for(write(tmp_path / "a.flac", speech_like(1.001, channels=2))) == "unreadable"


def test_a_header_that_promises_days_reserves_no_memory_for_them(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", speech_like())
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # the upper 4 of STREAMINFO's 36 bits of total samples
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)
    assert reason_for(path) == "unreadable"


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.filterwarnings("error")
def test_damaged_headers_are_decoded_or_refused(tmp_path: Path, extension: str) -> None:
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
            assert error.reason in audio.REASONS  # noqa: PT017 (either outcome is right)
        else:
            assert samples.ndim == 2
            assert np.isfinite(samples).all()
            assert 1 <= samples.shape[1] <= audio.MAX_CHANNELS
            assert audio.SAMPLING_RATES[0] <= rate <= audio.SAMPLING_RATES[1]


def test_an_audio_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(AudioError("a.wav: expected audio", "empty")))  # noqa: S301 (our own)
    assert isinstance(error, InputError)
    assert (str(error), error.reason) == ("a.wav: expected audio", "empty")


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_the_hash_of_a_wav_is_that_of_its_flac(tmp_path: Path, subtype: str) -> None:
    # Integers: libsndfile rounds floats one way into WAV and another into FLAC.
    samples = np.random.default_rng(0).integers(-(2**31), 2**31, (RATE, 2), dtype=np.int32)
    wav, flac = (write(tmp_path / f"a.{e}", samples, subtype=subtype) for e in ("wav", "flac"))
    assert audio_hash(*decode(wav)) == audio_hash(*decode(flac))


def test_the_hash_tells_samples_channels_and_rates_apart() -> None:
    samples = speech_like(channels=2)
    changed = samples.copy()
    changed[-1, -1] += 2**-15
    hashes = [
        audio_hash(samples, RATE),
        audio_hash(changed, RATE),
        audio_hash(samples, RATE + 1),
        audio_hash(samples.reshape(-1, 1), RATE),
        audio_hash(samples[:-1], RATE),
    ]
    assert len(set(hashes)) == 5


def test_the_hash_is_pinned_across_versions() -> None:
    ramp = np.arange(6, dtype=np.float32).reshape(3, 2) / 8
    assert audio_hash(ramp, 16000) == "93ccb456dbeb20875098432cec1c422f00cf649d5af385965e0a61c69679e42e"
    assert audio_hash(np.asfortranarray(ramp), 16000) == audio_hash(ramp, 16000)


def test_mono_is_the_mean_of_the_channels() -> None:
    samples = speech_like(channels=3)
    assert_allclose(to_mono(samples), samples.mean(axis=1), atol=1e-7)
    assert_array_equal(to_mono(samples[:, :1]), samples[:, 0])
    assert to_mono(samples).dtype == np.float32


RATES = st.sampled_from([4000, 8000, 11025, 16000, 22050, 44100, 48000, 96000]) | st.integers(4000, 50000)


@settings(deadline=None, max_examples=50)
@given(n_samples=st.integers(1, 5000), sampling_rate=RATES, target=RATES)
def test_resampling_agrees_with_librosa(n_samples: int, sampling_rate: int, target: int) -> None:
    signal = np.random.default_rng(n_samples).uniform(-1, 1, n_samples).astype(np.float32)
    ours = resample(signal, sampling_rate, target)
    theirs = librosa.resample(signal, orig_sr=sampling_rate, target_sr=target, res_type="soxr_hq")
    assert ours.dtype == np.float32
    assert_array_equal(ours, theirs)


def test_equal_rates_give_the_signal_itself() -> None:
    signal = speech_like()[:, 0]
    assert resample(signal, RATE, RATE) is signal


def test_resampling_keeps_a_tone() -> None:
    signal, expected = (np.sin(2 * np.pi * 440 * np.arange(rate) / rate) for rate in (48000, 22050))
    assert_allclose(resample(signal, 48000, 22050)[1000:-1000], expected[1000:-1000], atol=1e-4)


@settings(deadline=None, max_examples=100)
@given(
    lengths=st.lists(st.integers(0, 6000), min_size=1, max_size=6).filter(any),
    decibels=st.lists(st.floats(-90, 0), min_size=6, max_size=6),
    trim_db=st.floats(5, 80),
)
def test_trimming_agrees_with_librosa(lengths: list[int], decibels: list[float], trim_db: float) -> None:
    rng = np.random.default_rng(0)
    pieces = [10 ** (level / 20) * rng.uniform(-1, 1, n) for n, level in zip(lengths, decibels, strict=False)]
    signal = np.concatenate(pieces).astype(np.float32)
    theirs, _ = librosa.effects.trim(signal, top_db=trim_db)
    assert_array_equal(trim_silence(signal, trim_db), theirs)


def test_silence_around_speech_is_trimmed_to_within_a_frame() -> None:
    signal = np.zeros(4 * RATE, np.float32)
    signal[RATE : 3 * RATE] = 0.1
    trimmed = trim_silence(signal, 40.0)
    assert 2 * RATE <= len(trimmed) <= 2 * RATE + 2 * audio.TRIM_FRAME
    assert np.count_nonzero(trimmed) == 2 * RATE


def test_digital_silence_is_not_trimmed() -> None:
    for n_samples in (0, 1, 511, 512, 5000):
        assert len(trim_silence(np.zeros(n_samples, np.float32), 40.0)) == len(
            librosa.effects.trim(np.zeros(n_samples, np.float32), top_db=40)[0]
        )


@given(n_before=st.integers(0, 50), n_after=st.integers(0, 50))
def test_a_fixed_length_cuts_or_pads_at_the_end(n_before: int, n_after: int) -> None:
    signal = np.arange(1, n_before + 1, dtype=np.float32)
    fixed = fix_length(signal, n_after)
    assert fixed.dtype == np.float32
    assert_array_equal(fixed, [i + 1 if i < n_before else 0 for i in range(n_after)])
