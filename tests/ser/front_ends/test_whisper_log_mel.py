import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import WhisperFeatureExtractor

from ser.features.front_end import front_end, shapes
from ser.front_ends.whisper_log_mel import BEHIND_THE_END, LOWEST, spectrogram
from ser.params import FeatureParams
from tests.conftest import clip
from tests.ser.front_ends.reference import DEFAULT
from tests.settings import hears

PARAMS = hears(DEFAULT, "whisper_log_mel")


def heard(signal: np.ndarray, params: FeatureParams = PARAMS) -> np.ndarray:
    return front_end(signal, params)["whisper_log_mel"]


@settings(deadline=None, max_examples=20)
@given(
    n_samples=st.integers(1600, 40_000), n_mels=st.sampled_from([80, 128]), level=st.sampled_from([0.0, 1e-4, 0.1, 1.0])
)
def test_it_is_what_the_published_extractor_gives_without_padding(n_samples: int, n_mels: int, level: float) -> None:
    signal = level * np.random.default_rng(n_samples).uniform(-1, 1, n_samples).astype(np.float32)
    extractor = WhisperFeatureExtractor(feature_size=n_mels)
    expected = extractor(signal, sampling_rate=16_000, return_tensors="np", padding=False)["input_features"][0]
    found = spectrogram(signal, n_mels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def test_frames_behind_the_end_are_marked_and_differ_from_silence() -> None:
    signal = np.concatenate([clip(1, seconds=1.0), np.zeros(8_000, np.float32)])
    array = heard(signal)
    assert array.shape == shapes(PARAMS)["whisper_log_mel"] == (80, 300)
    np.testing.assert_array_equal(array[:, :150], spectrogram(signal, 80))
    assert (array[:, 150:] == BEHIND_THE_END).all()
    assert array[:, :150].min() >= LOWEST > BEHIND_THE_END


def test_silence_holds_the_lowest_value() -> None:
    np.testing.assert_allclose(heard(np.zeros(48_000, np.float32)), LOWEST, rtol=1e-6)


def test_what_is_longer_than_the_duration_is_cut() -> None:
    signal = clip(2, seconds=4.0)
    np.testing.assert_array_equal(heard(signal), heard(signal[:48_000]))


def test_a_very_short_signal_is_padded_to_a_tenth_of_a_second() -> None:
    array = heard(clip(3)[:10])
    assert (array[0] > LOWEST - 0.1).sum() == 10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampling_rate": 22_050}, "expected features.sampling_rate: 16000, which Whisper hears, got 22050"),
        ({"duration": 31.0}, "expected a duration of at most the 30 s that Whisper hears, got 31"),
        ({"duration": 0.05}, "expected a duration of at least 0.1 s, got 0.05"),
    ],
)
def test_what_whisper_does_not_hear_is_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FeatureParams.model_validate(PARAMS.model_dump() | changes)
