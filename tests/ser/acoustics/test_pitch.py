from itertools import product

import numpy as np
import pytest

from ser.acoustics.pitch import F_MAX, F_MIN, track_pitch

RATE, HOP = 16_000, 160


def voice(f0: np.ndarray, rate: int = RATE) -> np.ndarray:
    """Up to ten harmonics of a fundamental that is given for every sample, in hertz."""
    phase = 2 * np.pi * np.cumsum(f0) / rate
    heard = [number for number in range(1, 11) if number * f0.max() < rate / 2]
    return np.asarray(np.sum([np.sin(number * phase) / number for number in heard], axis=0))


@pytest.mark.parametrize(
    ("f0", "rate"), [*product([70.0, 110.0, 223.7, 440.0], [8_000, 16_000, 44_100]), (650.0, 16_000), (650.0, 44_100)]
)
def test_a_steady_voice_has_its_frequency_in_every_frame_but_the_outermost(f0: float, rate: int) -> None:
    pitch = track_pitch(voice(np.full(rate // 2, f0), rate), rate, rate // 100)
    assert pitch.f0.shape == pitch.strength.shape == pitch.periodicity.shape == (51,)
    inside = slice(4, -4)
    np.testing.assert_allclose(pitch.f0[inside], f0, rtol=0.01)
    assert pitch.strength[inside].min() > 0.95


def test_a_glide_is_followed() -> None:
    f0 = np.geomspace(120, 360, RATE)
    pitch = track_pitch(voice(f0), RATE, HOP)
    np.testing.assert_allclose(pitch.f0[4:-4], f0[::HOP][4:-3], rtol=0.02)


def test_noise_and_silence_have_no_voice_and_a_voice_between_them_has() -> None:
    hiss = 0.3 * np.random.default_rng(0).standard_normal(RATE // 2)
    spoken = voice(np.full(RATE // 2, 200.0))
    pitch = track_pitch(np.concatenate([hiss, spoken, np.zeros(RATE // 2)]), RATE, HOP)
    assert pitch.voiced[:45].mean() < 0.1
    assert pitch.voiced[55:95].all()
    assert not pitch.voiced[105:].any()
    assert (pitch.f0[~pitch.voiced] == 0).all()
    assert (pitch.strength[~pitch.voiced] == 0).all()
    assert pitch.periodicity[5:45].max() < 0.5 < pitch.periodicity[55:95].min()


def test_a_louder_second_harmonic_is_no_octave_jump() -> None:
    time = np.arange(RATE) / RATE
    strength = np.linspace(0.2, 2, RATE)
    pitch = track_pitch(np.sin(2 * np.pi * 150 * time) + strength * np.sin(2 * np.pi * 300 * time), RATE, HOP)
    np.testing.assert_allclose(pitch.f0[4:-4], 150, rtol=0.02)


@pytest.mark.parametrize("n_samples", [0, 1, 159, 160, 1000])
def test_the_shortest_signals_have_frames_too(n_samples: int) -> None:
    pitch = track_pitch(np.full(n_samples, 0.5), RATE, HOP)
    assert len(pitch.f0) == 1 + n_samples // HOP
    for values in (pitch.f0, pitch.strength, pitch.periodicity):
        assert np.isfinite(values).all()


def test_nothing_is_found_outside_the_range() -> None:
    for f0 in (F_MIN / 3, 3 * F_MAX):
        pitch = track_pitch(np.sin(2 * np.pi * f0 * np.arange(RATE) / RATE), RATE, HOP)
        found = pitch.f0[pitch.voiced]
        assert ((found >= F_MIN * 0.95) & (found <= F_MAX * 1.05)).all()
