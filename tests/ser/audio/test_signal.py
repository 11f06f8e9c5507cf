from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from ser.audio.decode import decode
from ser.audio.limits import AudioError
from ser.audio.signal import TRIM_FRAME, audio_hash, check_voice, fix_length, resample, to_mono, trim_silence
from tests.ser.audio.test_decode import RATE, speech_like, write


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
    assert 2 * RATE <= len(trimmed) <= 2 * RATE + 2 * TRIM_FRAME
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


def test_channels_of_opposite_polarity_are_not_mixed_to_nothing() -> None:
    voice = speech_like()[:, 0]
    assert_array_equal(to_mono(np.stack([0.9 * voice, -voice], axis=1)), -voice)
    assert_array_equal(to_mono(np.stack([voice + 0.1, -voice + 0.1], axis=1)), voice + np.float32(0.1))


@pytest.mark.parametrize("channels", [[1.0, 0.0], [1.0, 0.2], [0.0, 0.0, 0.0, 1.0], [0.0] * 7 + [1.0]])
def test_channels_that_do_not_cancel_are_mixed(channels: list[float]) -> None:
    samples = speech_like() * np.array(channels, np.float32)
    assert_allclose(to_mono(samples), samples.mean(axis=1), atol=1e-7)
    unrelated = speech_like(channels=len(channels))
    assert_allclose(to_mono(unrelated), unrelated.mean(axis=1), atol=1e-7)


def reason_for(signal: np.ndarray) -> str:
    with pytest.raises(AudioError, match=r"^a\.wav: ") as caught:
        check_voice(signal.astype(np.float32), RATE, "a.wav")
    return caught.value.reason


SECOND = np.arange(RATE) / RATE


@pytest.mark.parametrize(
    "signal",
    [
        np.zeros(RATE),
        np.full(RATE, 0.5),  # an offset
        0.5 + 0.0005 * np.sin(2 * np.pi * 300 * SECOND),  # hiss on it
        SECOND / 2,  # a drift
        0.5 * np.sin(2 * np.pi * 0.5 * SECOND),
        np.zeros(1),
        np.full(1, 0.5),
    ],
)
def test_what_moves_slower_than_a_voice_is_silence(signal: np.ndarray) -> None:
    assert reason_for(signal) in ("silent", "too short")
    assert reason_for(signal[100:-100] if len(signal) > 1000 else signal) in ("silent", "too short")


def clicks(n: int) -> np.ndarray:
    signal = np.zeros(RATE)
    signal[:: RATE // n] = 0.5
    return signal


@pytest.mark.parametrize(
    "signal",
    [
        speech_like(0.05)[:, 0],
        speech_like(0.19)[:, 0],
        np.pad(speech_like(0.15)[:, 0], RATE),  # a syllable in silence
        np.concatenate([np.full(RATE, 0.5), np.full(RATE, -0.5)]),  # a step
        clicks(5),
        np.ones(1) * [0.1, -0.1],
    ],
)
def test_less_voice_than_a_word_is_too_short(signal: np.ndarray) -> None:
    assert reason_for(signal) == "too short"


@pytest.mark.parametrize("rate", [4000, 8000, 44_100, 384_000])
def test_a_word_is_long_enough_at_any_rate(rate: int) -> None:
    tone = 0.1 * np.sin(2 * np.pi * 200 * np.arange(round(0.21 * rate)) / rate)
    check_voice(tone, rate, "a.wav")
    check_voice(tone + 0.5, rate, "a.wav")


def test_a_long_recording_is_judged_as_a_whole() -> None:
    long = np.zeros(100 * RATE, np.float32)
    assert reason_for(long) == "silent"
    long[50 * RATE : 51 * RATE] = speech_like()[:, 0]
    check_voice(long, RATE, "a.wav")


def test_files_without_a_voice_are_refused_in_one_line(tmp_path: Path) -> None:
    voice = speech_like()
    for samples, expected in [
        (np.full(RATE, 0.5), "a peak of at least -60 dBFS, found silence"),
        (voice[:800], "too short: expected at least 0.2 s of voice, found 0.050 s"),
        (voice[:1], "a peak of at least -60 dBFS, found silence"),
    ]:
        with pytest.raises(AudioError, match=expected):
            decode(write(tmp_path / "a.wav", samples))
