import numpy as np
import pytest

from ser.acoustics.contours import OF_VOICE, contours
from ser.acoustics.functionals import N_FUNCTIONALS
from ser.features.front_end import front_end, shapes
from ser.front_ends.contours_functionals import HEARD, N_ROWS, N_VALUES, VOICED
from tests.ser.acoustics.test_pitch import voice
from tests.ser.front_ends.reference import DEFAULT
from tests.settings import hears

HOP = 512
PARAMS = hears(DEFAULT, "contours_functionals", hop_length=HOP)


def spoken(seconds: float) -> np.ndarray:
    n_samples = round(seconds * PARAMS.sampling_rate)
    signal = voice(np.geomspace(150, 250, n_samples), PARAMS.sampling_rate) / 4
    return signal.astype(np.float32)


def test_contours_end_where_nothing_is_heard_any_more() -> None:
    arrays = front_end(spoken(1.0), PARAMS)
    expected = contours(spoken(1.0), PARAMS.sampling_rate, HOP)
    n_heard = expected.shape[1]
    np.testing.assert_array_equal(arrays["contours"][1:HEARD, :n_heard], expected[1:])
    assert arrays["contours"][HEARD, :n_heard].min() == 1
    assert not arrays["contours"][:, n_heard:].any()
    n_frames = 1 + PARAMS.n_samples // HOP
    assert shapes(PARAMS) == {"contours": (N_ROWS, n_frames), "functionals": (N_VALUES,)}


def test_pitch_is_relative_to_its_median_and_0_where_there_is_none() -> None:
    silence = np.zeros(PARAMS.sampling_rate // 2, np.float32)
    between = np.concatenate([silence, spoken(1.0), silence])
    features = front_end(between, PARAMS)["contours"]
    voiced = features[VOICED] > 0
    absolute = contours(between, PARAMS.sampling_rate, HOP)[0][voiced[: 1 + len(between) // 512]]
    assert 20 < voiced.sum() < 60
    np.testing.assert_allclose(features[0, voiced], absolute - np.median(absolute), rtol=0, atol=1e-5)
    assert not features[0, ~voiced].any()
    assert not front_end(silence + 1e-3, PARAMS)["contours"][: len(OF_VOICE)].any()


def test_they_describe_what_was_heard_and_not_the_padding() -> None:
    longer = PARAMS.model_copy(update={"duration": 2 * PARAMS.duration})
    short, padded = (front_end(spoken(1.0), params)["functionals"] for params in (PARAMS, longer))
    np.testing.assert_array_equal(short, padded)
    assert short[-1] == 1 + PARAMS.sampling_rate // HOP  # frames


def test_a_longer_recording_is_cut() -> None:
    cut = spoken(PARAMS.duration + 1)[: PARAMS.n_samples]
    np.testing.assert_equal(front_end(spoken(PARAMS.duration + 1), PARAMS), front_end(cut, PARAMS))


def test_pitch_is_described_where_there_is_voice() -> None:
    silence = np.zeros(PARAMS.sampling_rate // 2, np.float32)
    between = np.concatenate([silence, spoken(1.0), silence])
    found = contours(between, PARAMS.sampling_rate, HOP)
    mean, *_ = front_end(between, PARAMS)["functionals"][:N_FUNCTIONALS]  # of pitch as it is
    assert mean == pytest.approx(found[0][found[len(OF_VOICE)] > 0].mean(), rel=1e-5)
    assert 12 * np.log2(150 / 55) < mean < 12 * np.log2(250 / 55)
