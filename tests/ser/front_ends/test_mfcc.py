import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose

from ser.front_ends import mfcc
from ser.params import FeatureParams
from tests.ser.front_ends.reference import (
    DEFAULT,
    GOLDEN,
    SETTINGS,
    analyses,
    librosa_mfcc,
    settings_of,
    signals,
    tolerance,
)
from tests.settings import hears

CEPSTRA = SETTINGS["default"]


def analyse(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    return mfcc.coefficients(signal, params.sampling_rate, settings_of(params))


@pytest.mark.parametrize(("name", "params"), SETTINGS.items())
def test_it_agrees_with_the_golden_file(name: str, params: FeatureParams) -> None:
    with np.load(GOLDEN) as golden:
        ours = analyse(golden[f"{name}_signal"], params)
        assert_allclose(ours, golden[f"{name}_mfcc"], rtol=0, atol=tolerance(params))


@pytest.mark.filterwarnings("ignore:Empty filters detected")
@settings(deadline=None, max_examples=40)
@given(params=analyses(), signal=signals())
def test_it_agrees_with_librosa_whatever_the_settings(params: FeatureParams, signal: np.ndarray) -> None:
    ours = analyse(signal, params)
    assert ours.dtype == np.float32
    assert_allclose(ours, librosa_mfcc(signal, params), rtol=0, atol=tolerance(params))


def test_the_transform_of_four_bands_is_what_a_pencil_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    bands = np.array([[1.0], [2.0], [4.0], [9.0]], np.float32)
    monkeypatch.setattr(mfcc, "spectrogram", lambda signal, sampling_rate, settings: bands)
    c0 = (1 + 2 + 4 + 9) / 2
    # cos(22.5), cos(67.5), -cos(67.5), -cos(22.5) degrees, over the square root of 2
    c1 = (0.9238795 * (1 - 9) + 0.3826834 * (2 - 4)) / 1.4142136
    c2 = (1 - 2 - 4 + 9) / 2
    found = analyse(np.zeros(1, np.float32), hears(DEFAULT, "mfcc", n_mels=4, n_mfcc=3))
    assert_allclose(found, [[c0], [c1], [c2]], rtol=1e-6)


def test_silence_has_no_coefficients() -> None:
    assert_allclose(analyse(np.zeros(4000, np.float32), CEPSTRA), np.zeros((40, 8)), rtol=0, atol=1e-5)


def test_the_recording_level_does_not_matter() -> None:
    signal = 0.1 * np.random.default_rng(0).standard_normal(22050).astype(np.float32)
    assert_allclose(analyse(2 * signal, CEPSTRA), analyse(signal, CEPSTRA), rtol=0, atol=tolerance(CEPSTRA))
