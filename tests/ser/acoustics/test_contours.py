import numpy as np
import pytest

from ser.acoustics.contours import OF_SOUND, OF_VOICE, contours
from tests.ser.acoustics.test_pitch import HOP, RATE, voice

NAMES = (*OF_VOICE, *OF_SOUND)
INSIDE = slice(5, -5)


def describe(signal: np.ndarray, rate: int = RATE) -> dict[str, np.ndarray]:
    return dict(zip(NAMES, contours(signal.astype(np.float32), rate, HOP), strict=True))


def tone(hertz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)


@pytest.fixture
def speech() -> np.ndarray:
    """A voice that rises, in breath."""
    return voice(np.geomspace(150, 250, RATE)) + 0.2 * np.random.default_rng(0).standard_normal(RATE)


def test_every_contour_has_a_name_and_every_name_a_contour(speech: np.ndarray) -> None:
    assert len(set(NAMES)) == len(NAMES) == len(contours(speech, RATE, HOP))


def test_loudness_as_a_whole_does_not_matter(speech: np.ndarray) -> None:
    near, far = contours(speech, RATE, HOP), contours(0.01 * speech, RATE, HOP)
    np.testing.assert_allclose(near, far, rtol=1e-3, atol=1e-3)


def test_pitch_is_in_semitones_and_steady_voices_have_no_jitter(speech: np.ndarray) -> None:
    found = describe(voice(np.full(RATE, 220.0)))
    np.testing.assert_allclose(found["pitch"][INSIDE], 24, atol=0.1)  # two octaves above 55 Hz
    assert found["jitter"][INSIDE].max() < 1e-3
    assert found["shimmer"][INSIDE].max() < 0.1
    assert (found["voiced"][INSIDE] == 1).all()
    assert found["hnr"][INSIDE].min() > 20 > describe(speech)["hnr"][INSIDE].mean()


def test_trembling_is_jitter_and_shimmer() -> None:
    time = np.arange(RATE) / RATE
    steady = describe(voice(np.full(RATE, 200.0)))
    trembling = describe(voice(200 + 20 * np.sin(2 * np.pi * 8 * time)) * (1 + 0.5 * np.sin(2 * np.pi * 8 * time)))
    for name in ("jitter", "jitter_ddp", "shimmer"):
        assert trembling[name][INSIDE].mean() > 5 * steady[name][INSIDE].mean()


def test_what_voices_have_is_zero_where_there_is_none() -> None:
    found = describe(np.random.default_rng(0).standard_normal(RATE))
    silent = found["voiced"] == 0
    assert silent.mean() > 0.8
    for name in OF_VOICE:
        assert (found[name][silent] == 0).all(), name


def test_the_shape_of_the_spectrum_of_a_tone_is_that_tone() -> None:
    found = describe(tone(2000))
    np.testing.assert_allclose(found["centroid"][INSIDE], 2, atol=0.02)
    np.testing.assert_allclose(np.exp(found["rolloff_50"][INSIDE]) - 50, 2000, atol=35)
    assert found["share_1000_4000"][INSIDE].max() == pytest.approx(0, abs=0.1)  # dB of all
    assert found["share_4000_8000"][INSIDE].max() < -30
    np.testing.assert_allclose(found["zero_crossings"][INSIDE], 2 * 2000 / RATE, rtol=0.05)
    low, high = describe(tone(500)), describe(tone(3000))
    for name in ("alpha_ratio", "hammarberg"):  # low against high
        assert low[name][INSIDE].min() > 20
        assert high[name][INSIDE].max() < -20
    assert low["sharpness"].mean() < high["sharpness"].mean()


def test_noise_is_flat_and_wide() -> None:
    noise, pure = describe(np.random.default_rng(0).standard_normal(RATE)), describe(tone(1000))
    for name in ("entropy", "spread", "flux"):
        assert noise[name][INSIDE].mean() > 2 * pure[name][INSIDE].mean(), name
    assert noise["slope"][INSIDE].mean() == pytest.approx(0, abs=1)  # dB per kHz
    assert describe(np.cumsum(np.random.default_rng(0).standard_normal(RATE)))["slope"].mean() < -3


def test_a_second_harmonic_as_loud_as_the_first_is_no_difference() -> None:
    time = np.arange(RATE) / RATE
    for second, expected in ((1.0, 0.0), (0.1, 20.0)):
        found = describe(np.sin(2 * np.pi * 250 * time) + second * np.sin(2 * np.pi * 500 * time))
        np.testing.assert_allclose(found["h1_h2"][INSIDE], expected, atol=1)


def test_what_stays_in_a_band_is_left_out_and_what_moves_is_not() -> None:
    steady = describe(voice(np.full(RATE, 200.0)))
    swell = np.sin(2 * np.pi * 4 * np.arange(RATE) / RATE)
    moving = describe(voice(np.full(RATE, 200.0)) * (1 + 0.9 * swell))
    for band in (3, 10):
        assert np.abs(steady[f"band_{band}"][INSIDE]).max() < 0.1
        assert moving[f"band_{band}"].mean() == pytest.approx(0, abs=1e-4)
        assert np.corrcoef(moving[f"band_{band}"][:-1], swell[::HOP])[0, 1] > 0.8


@pytest.mark.parametrize("signal", [np.zeros(0), np.zeros(1), np.zeros(RATE), np.full(700, 0.5), np.ones(1)])
@pytest.mark.parametrize("rate", [4_000, 16_000, 96_000])
def test_silence_and_the_shortest_signals_are_finite(signal: np.ndarray, rate: int) -> None:
    found = contours(signal.astype(np.float32), rate, HOP)
    assert found.shape == (len(NAMES), 1 + len(signal) // HOP)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
