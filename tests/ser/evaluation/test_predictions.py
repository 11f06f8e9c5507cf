import numpy as np
import pandas as pd
import pytest

from ser.errors import InputError
from ser.evaluation.predictions import predict_test
from ser.features.store import FeatureStore
from ser.model_files.safetensors_file import Model
from ser.params import FeatureParams
from tests.conftest import untrained_model
from tests.settings import hears

SPLITS = pd.DataFrame({"utterance_id": ["c", "b", "a"], "subset": ["test", "train", "test"]})


@pytest.fixture
def model(small_front_end: FeatureParams) -> Model:
    return untrained_model(small_front_end, classes=("calm", "sad"))


def store(front_end: FeatureParams, emotions: tuple[str, ...] = ("sad", "calm", "calm")) -> FeatureStore:
    table = pd.DataFrame({"utterance_id": ["a", "b", "c"], "emotion": emotions}).assign(
        corpus="toy", speaker="toy_1", gender="male"
    )
    features = np.random.default_rng(0).normal(-40, 10, (3, 8, 13)).astype(np.float32)
    return FeatureStore({"log_mel": features}, table, front_end)


def test_every_test_utterance_and_no_other_is_classified(model: Model, small_front_end: FeatureParams) -> None:
    features = store(small_front_end)
    predictions = predict_test(model, features, SPLITS)
    assert predictions["utterance_id"].tolist() == ["a", "c"]
    assert predictions["emotion"].tolist() == ["sad", "calm"]
    expected = model.probabilities({"log_mel": features.arrays["log_mel"][[0, 2]]})
    np.testing.assert_allclose(predictions[["p_calm", "p_sad"]], expected, rtol=1e-6)
    assert predictions["predicted"].tolist() == [("calm", "sad")[index] for index in expected.argmax(axis=1)]


def test_features_of_another_front_end_are_refused(model: Model, small_front_end: FeatureParams) -> None:
    other = hears(small_front_end, top_db=60.0)
    with pytest.raises(InputError, match="another front end than the model's"):
        predict_test(model, store(other), SPLITS)


def test_an_emotion_that_the_model_does_not_know_is_refused(model: Model, small_front_end: FeatureParams) -> None:
    with pytest.raises(InputError, match="emotion 'angry' is not among"):
        predict_test(model, store(small_front_end, ("angry", "calm", "calm")), SPLITS)


def test_an_empty_test_subset_is_refused(model: Model, small_front_end: FeatureParams) -> None:
    with pytest.raises(InputError, match="the test subset is empty"):
        predict_test(model, store(small_front_end), SPLITS.assign(subset="train"))
