import numpy as np
import pytest

from benchmarks.measurements.voice_activity import measure
from ser.inference.frames import FRAME, FrameStream
from ser.inference.voice_activity import VoiceGate
from tests.conftest import CORPORA, clip

RATE = 16_000


def phrases(signal: np.ndarray, block: float = 10.0) -> list[tuple[float, float]]:
    stream = FrameStream(RATE)
    gate = VoiceGate(stream.frequencies)
    for start in range(0, len(signal), round(block * RATE)):
        gate.update(stream.add(signal[start : start + round(block * RATE)]).power)
    gate.update(stream.close().power)
    gate.close()
    assert gate.n_frames == np.ceil(len(signal) / RATE / FRAME)
    return [(start * FRAME, end * FRAME) for start, end in gate.phrases]


def noise(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE)).astype(np.float32)


def conversation(level: float, pauses: tuple[float, ...] = (2.0, 1.5, 3.0, 1.0)) -> np.ndarray:
    """Hums of a second between pauses, in noise."""
    parts = [np.zeros(round(pauses[0] * RATE), np.float32)]
    for seed, pause in enumerate(pauses[1:]):
        parts += [clip(seed, 1.0, RATE), np.zeros(round(pause * RATE), np.float32)]
    signal = np.concatenate(parts)
    return signal + noise(len(signal) / RATE, level)


@pytest.mark.parametrize("block", [0.05, 0.1, 10.0])
@pytest.mark.parametrize("level", [0.0, 1e-4, 1e-3, 0.01])
def test_phrases_are_found_where_they_are(level: float, block: float) -> None:
    found = phrases(conversation(level), block)
    assert len(found) == 3
    for (start, end), expected in zip(found, (2.0, 4.5, 8.5), strict=True):
        assert start == pytest.approx(expected, abs=0.08)
        assert end == pytest.approx(expected + 1.0, abs=0.15)


@pytest.mark.parametrize("level", [0.0, 1e-5, 1e-3, 0.1])
def test_there_is_no_voice_in_noise_or_in_silence(level: float) -> None:
    assert phrases(noise(60, level)) == []
    assert phrases(noise(60, level), block=0.1) == []


def test_noise_that_grows_louder_is_voice_for_a_while_only() -> None:
    signal = np.concatenate([noise(20, 1e-3), noise(70, 1e-2, seed=1)])
    assert all(end < 60 for _, end in phrases(signal, block=0.1))


def test_a_beep_and_a_click_are_no_voice() -> None:
    signal = noise(20, 1e-3)
    signal[5 * RATE : 6 * RATE] += (0.1 * np.sin(2 * np.pi * 1_000 * np.arange(RATE) / RATE)).astype(np.float32)
    signal[12 * RATE : 12 * RATE + 100] += 0.5
    assert phrases(signal) == []


def test_a_short_pause_is_bridged_and_a_long_one_is_not() -> None:
    assert len(phrases(conversation(1e-3, (1.0, 0.25, 1.0)))) == 1
    assert len(phrases(conversation(1e-3, (1.0, 0.8, 1.0)))) == 2


def test_voice_at_the_very_end_is_a_phrase_that_ends_with_the_signal() -> None:
    signal = np.concatenate([noise(2, 1e-3), clip(1, 1.0, RATE)])
    ((_, end),) = phrases(signal)
    assert end == pytest.approx(3.0)


def test_an_empty_signal_has_no_phrases() -> None:
    assert phrases(np.empty(0, np.float32)) == []


@pytest.mark.slow
@pytest.mark.skipif(not (CORPORA / "ravdess").is_dir(), reason="needs RAVDESS in ../shared/corpora")
def test_real_voices_are_found_in_noise() -> None:
    results = measure(CORPORA / "ravdess", n_clips=20, snrs=(20, 5))
    for kind in ("white", "pink"):
        assert results[f"{kind} 20"]["found"] > 0.85
        assert results[f"{kind} 5"]["found"] > 0.7
    assert all(result["false_alarms"] < 0.05 for result in results.values())
