import numpy as np
import pytest

from ser.contours import OF_VOICE, contours
from ser.errors import InputError
from ser.features import front_end, n_bands
from ser.front_ends.log_mel_functionals import N_VALUES, n_rows
from ser.functionals import N_FUNCTIONALS
from ser.params import FeatureParams
from tests.ser.front_ends.reference import DEFAULT
from tests.ser.test_pitch import voice

PARAMS = DEFAULT.model_copy(update={"front_end": "log_mel_functionals"})


def spoken(seconds: float) -> np.ndarray:
    n_samples = round(seconds * PARAMS.sampling_rate)
    signal = voice(np.geomspace(150, 250, n_samples), PARAMS.sampling_rate) / 4
    return signal.astype(np.float32)


def values(features: np.ndarray, params: FeatureParams = PARAMS) -> np.ndarray:
    return features[params.n_mels :].ravel()[:N_VALUES]


def test_the_spectrogram_is_on_top_and_what_is_left_of_the_last_row_is_empty() -> None:
    features = front_end(spoken(1.0), PARAMS)
    np.testing.assert_array_equal(
        features[: PARAMS.n_mels], front_end(spoken(1.0), PARAMS.model_copy(update={"front_end": "log_mel"}))
    )
    assert n_bands(PARAMS) == PARAMS.n_mels + n_rows(PARAMS.n_frames) == len(features)
    rows = features[PARAMS.n_mels :].ravel()
    assert 0 <= rows.size - N_VALUES < PARAMS.n_frames
    assert not rows[N_VALUES:].any()


def test_they_describe_what_was_heard_and_not_the_padding() -> None:
    longer = PARAMS.model_copy(update={"duration": 2 * PARAMS.duration})
    short, padded = (values(front_end(spoken(1.0), params), params) for params in (PARAMS, longer))
    np.testing.assert_array_equal(short, padded)
    assert short[-1] == 1 + PARAMS.sampling_rate // PARAMS.hop_length  # frames


def test_a_longer_recording_is_cut() -> None:
    cut = spoken(PARAMS.duration + 1)[: PARAMS.n_samples]
    np.testing.assert_array_equal(front_end(spoken(PARAMS.duration + 1), PARAMS), front_end(cut, PARAMS))


def test_pitch_is_described_where_there_is_voice() -> None:
    silence = np.zeros(PARAMS.sampling_rate // 2, np.float32)
    between = np.concatenate([silence, spoken(1.0), silence])
    found = contours(between, PARAMS.sampling_rate, PARAMS.hop_length)
    mean, *_ = values(front_end(between, PARAMS))[:N_FUNCTIONALS]
    assert mean == pytest.approx(found[0][found[len(OF_VOICE)] > 0].mean(), rel=1e-5)
    assert 12 * np.log2(150 / 55) < mean < 12 * np.log2(250 / 55)


@pytest.mark.parametrize("signal", [np.zeros((2, 100), np.float32), np.full(100, np.nan, np.float32)])
def test_what_is_no_signal_is_refused(signal: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"^expected a (mono|finite) signal"):
        front_end(signal, PARAMS)
