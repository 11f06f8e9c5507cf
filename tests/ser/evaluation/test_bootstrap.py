import numpy as np
import pytest

from ser.evaluation.bootstrap import interval_95, resample_speakers
from ser.params import EvaluateParams

PARAMS = EvaluateParams(bootstrap_samples=4000, calibration_bins=10, seed=0)


def test_a_resample_holds_as_many_speakers_as_there_are() -> None:
    draws = resample_speakers(np.eye(5), PARAMS)  # column s counts how often speaker s was drawn
    assert draws.shape == (4000, 5)
    assert (draws.sum(axis=1) == 5).all()


def test_every_speaker_is_drawn_once_per_resample_on_average() -> None:
    assert resample_speakers(np.eye(5), PARAMS).mean(axis=0) == pytest.approx(np.ones(5), abs=0.05)


def test_four_speakers_have_35_different_resamples() -> None:
    assert len(np.unique(resample_speakers(np.eye(4), PARAMS), axis=0)) == 35


def test_sums_of_any_shape_are_added_up() -> None:
    per_speaker = np.arange(24).reshape(4, 2, 3)
    draws = resample_speakers(np.eye(4), PARAMS)
    expected = sum(draws[7, speaker] * per_speaker[speaker] for speaker in range(4))
    assert resample_speakers(per_speaker, PARAMS)[7].tolist() == expected.tolist()


def test_the_seed_decides_the_draws() -> None:
    other = PARAMS.model_copy(update={"seed": 1})
    assert (resample_speakers(np.eye(5), PARAMS) == resample_speakers(np.eye(5), PARAMS)).all()
    assert (resample_speakers(np.eye(5), PARAMS) != resample_speakers(np.eye(5), other)).any()


def test_the_interval_leaves_out_one_fortieth_on_each_side() -> None:
    assert interval_95(np.arange(1001) / 1000) == {"low": 0.025, "high": 0.975}
