import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose

from ser.errors import InputError
from ser.front_ends import mfcc, mfcc_deltas
from ser.params import FeatureParams
from tests.ser.front_ends.reference import (
    DEFAULT,
    GOLDEN,
    SETTINGS,
    analyses,
    librosa_mfcc_deltas,
    settings_of,
    signals,
    tolerance,
)
from tests.settings import hears


def analyse(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    return mfcc_deltas.analyse(signal, params, settings_of(params))["mfcc_deltas"]


@pytest.mark.parametrize(("name", "params"), SETTINGS.items())
def test_it_agrees_with_the_golden_file(name: str, params: FeatureParams) -> None:
    with np.load(GOLDEN) as golden:
        ours = analyse(golden[f"{name}_signal"], params)
        assert_allclose(ours, golden[f"{name}_mfcc_deltas"], rtol=0, atol=tolerance(params))


@pytest.mark.filterwarnings("ignore:Empty filters detected")
@settings(deadline=None, max_examples=40)
@given(params=analyses(), signal=signals(min_size=8 * 2048))
def test_it_agrees_with_librosa_whatever_the_settings(params: FeatureParams, signal: np.ndarray) -> None:
    ours = analyse(signal, params)
    assert ours.dtype == np.float32
    assert_allclose(ours, librosa_mfcc_deltas(signal, params), rtol=0, atol=tolerance(params))


def test_a_ramp_has_its_slope_and_a_parabola_its_curvature_up_to_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = np.arange(12.0)
    coefficients = np.stack([7 + 0 * frame, 3 * frame, 2 * frame**2]).astype(np.float32)
    monkeypatch.setattr(mfcc, "coefficients", lambda signal, sampling_rate, settings: coefficients)
    found = analyse(np.zeros(1, np.float32), hears(DEFAULT, "mfcc_deltas", n_mfcc=3))
    assert_allclose(found[:3], coefficients)
    assert_allclose(found[3], np.zeros(12), atol=1e-4)
    assert_allclose(found[4], np.full(12, 3.0), rtol=1e-5)
    # The slope of a parabola in its middle; at an end, that of the line fitted to the nine frames there.
    assert_allclose(found[5], 4 * np.clip(frame, 4, 7), rtol=1e-5)
    assert_allclose(found[6:8], np.zeros((2, 12)), atol=1e-4)
    assert_allclose(found[8], np.full(12, 4.0), rtol=1e-4)


@pytest.mark.parametrize(("n_samples", "n_frames"), [(8 * 512 - 1, 8), (1, 1)])
def test_fewer_than_nine_frames_are_refused(n_samples: int, n_frames: int) -> None:
    with pytest.raises(InputError, match=f"^mfcc_deltas needs at least 9 frames, found {n_frames}$"):
        analyse(np.zeros(n_samples, np.float32), SETTINGS["default"])
    assert analyse(np.zeros(8 * 512, np.float32), SETTINGS["default"]).shape == (120, 9)
