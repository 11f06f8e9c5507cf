import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose

from ser.front_ends.log_mel import spectrogram
from ser.params import FeatureParams
from tests.ser.front_ends.reference import (
    DECIBELS,
    DEFAULT,
    GOLDEN,
    SETTINGS,
    analyses,
    librosa_log_mel,
    settings_of,
    signals,
)


def analyse(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    return spectrogram(signal, params.sampling_rate, settings_of(params))


@pytest.mark.parametrize(("name", "params"), SETTINGS.items())
def test_it_agrees_with_the_golden_file(name: str, params: FeatureParams) -> None:
    with np.load(GOLDEN) as golden:
        ours = analyse(golden[f"{name}_signal"], params)
        assert_allclose(ours, golden[f"{name}_log_mel"], rtol=0, atol=DECIBELS)


@pytest.mark.filterwarnings("ignore:Empty filters detected")
@settings(deadline=None, max_examples=60)
@given(params=analyses(), signal=signals())
def test_it_agrees_with_librosa_whatever_the_settings(params: FeatureParams, signal: np.ndarray) -> None:
    ours = analyse(signal, params)
    assert ours.dtype == np.float32
    assert_allclose(ours, librosa_log_mel(signal, params), rtol=0, atol=DECIBELS)


def test_silence_is_the_same_in_every_cell() -> None:
    assert_allclose(analyse(np.zeros(4000, np.float32), DEFAULT), np.zeros((64, 8)), rtol=0, atol=DECIBELS)


def test_the_recording_level_does_not_matter() -> None:
    signal = 0.1 * np.random.default_rng(0).standard_normal(22050).astype(np.float32)
    assert_allclose(analyse(2 * signal, DEFAULT), analyse(signal, DEFAULT), rtol=0, atol=DECIBELS)
    assert analyse(signal, DEFAULT).max() == 0


def test_a_tone_is_loudest_in_the_band_around_its_frequency() -> None:
    signal = np.sin(2 * np.pi * 1500 * np.arange(22050) / 22050).astype(np.float32)
    centres = librosa.mel_frequencies(66, fmin=50, fmax=8000)[1:-1]
    assert analyse(signal, DEFAULT).mean(axis=1).argmax() == np.abs(centres - 1500).argmin()
