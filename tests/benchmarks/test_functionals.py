from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from benchmarks.functionals import GRID, Classifier, fit, functionals, predict_test
from ser.dataset.metadata import EMOTIONS
from ser.features.store import COLUMNS, FeatureStore
from ser.params import FeatureParams

# Two bands; the second frame is a pause in one of them, the last two are padding.
SPECTROGRAM = np.array([[-10.0, -30.0, -20.0, -80.0, -80.0], [-40.0, -80.0, -60.0, -80.0, -80.0]])


@pytest.fixture
def features(make_metadata: Callable[..., pd.DataFrame], small_front_end: FeatureParams) -> FeatureStore:
    """8 speakers; each emotion is loud in its own band, under noise."""
    utterances = make_metadata()[list(COLUMNS)]
    rng = np.random.default_rng(0)
    values = rng.uniform(-60, -20, size=(len(utterances), 8, 13)).astype(np.float32)
    values[np.arange(len(utterances)), [EMOTIONS.index(name) for name in utterances["emotion"]]] += 12
    return FeatureStore({"log_mel": values}, utterances, small_front_end)


@pytest.fixture
def splits(features: FeatureStore) -> pd.DataFrame:
    """The last speaker is tested, the one before validates."""
    subsets = {"toy_08": "test", "toy_07": "validation"}
    speakers = features.utterances["speaker"]
    table = features.utterances[["utterance_id"]].assign(subset=speakers.map(subsets).fillna("train"))
    return table.sample(frac=1, random_state=0)  # the order of the rows means nothing


def test_functionals_are_those_worked_out_by_hand() -> None:
    mean, sd = [-20, -60], [np.sqrt(200 / 3), np.sqrt(800 / 3)]
    percentiles = [-29, -78, -25, -70, -20, -60, -15, -50, -11, -42]
    # From frame to frame: -20 and 10 dB in the first band, twice that in the second.
    change_mean, change_sd = [-5, -10], [15, 30]
    change_percentiles = [-18.5, -37, -12.5, -25, -5, -10, 2.5, 5, 8.5, 17]
    expected = [*mean, *sd, *percentiles, *change_mean, *change_sd, *change_percentiles]
    np.testing.assert_allclose(functionals(SPECTROGRAM), expected)


def test_padding_does_not_count_and_a_pause_does() -> None:
    np.testing.assert_array_equal(functionals(SPECTROGRAM[:, :3]), functionals(SPECTROGRAM))
    paused = np.insert(SPECTROGRAM, 1, -80, axis=1)
    assert functionals(paused)[0] == pytest.approx((-10 - 80 - 30 - 20) / 4)


@pytest.mark.parametrize("classifier", Classifier)
def test_validation_chooses_the_smallest_of_the_best_c(classifier: Classifier) -> None:
    # Classes so far apart that every C tells them apart.
    values, classes = np.repeat([[-50.0], [0.0], [50.0]], 20, axis=0), np.repeat([0, 1, 2], 20)
    model, c = fit((values, classes), (values, classes), classifier)
    assert c == min(GRID[classifier])
    assert list(model.predict([[-50.0], [0.0], [50.0]])) == [0, 1, 2]


@pytest.mark.parametrize("classifier", Classifier)
def test_emotions_that_differ_are_told_apart(
    features: FeatureStore, splits: pd.DataFrame, classifier: Classifier
) -> None:
    predictions, costs = predict_test(features, splits, classifier)
    assert list(predictions) == [*COLUMNS, "predicted", *(f"p_{emotion}" for emotion in EMOTIONS)]
    assert set(predictions["speaker"]) == {"toy_08"}
    assert predictions["utterance_id"].is_monotonic_increasing
    assert (predictions["predicted"] == predictions["emotion"]).mean() > 0.9
    probabilities = predictions.filter(regex="^p_")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities.idxmax(axis=1) == "p_" + predictions["predicted"]).all()
    assert costs["C"] in GRID[classifier]


def test_nothing_is_learned_from_the_test_subset(features: FeatureStore, splits: pd.DataFrame) -> None:
    before, _ = predict_test(features, splits, Classifier.SVM)
    first, *others = np.flatnonzero(features.utterances["speaker"] == "toy_08")
    values, utterances = features.arrays["log_mel"].copy(), features.utterances.copy()
    values[others] -= 10
    utterances.loc[others, "emotion"] = "sad"
    after, _ = predict_test(FeatureStore({"log_mel": values}, utterances, features.front_end), splits, Classifier.SVM)
    tested = utterances.loc[first, "utterance_id"]
    (one,), (other,) = (table[table["utterance_id"] == tested].to_dict("records") for table in (before, after))
    assert one == other


def test_the_same_data_give_the_same_predictions(features: FeatureStore, splits: pd.DataFrame) -> None:
    (one, costs), (other, _) = (predict_test(features, splits, Classifier.SVM) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
    assert len(one) == 16
    assert costs["minutes"] >= 0
