import numpy as np
import pandas as pd
import pytest

from ser.errors import InputError
from ser.features.front_end import shapes
from ser.features.store import FeatureStore
from ser.features.subsets import select_test_rows, select_training_data
from ser.params import FeatureParams
from tests.settings import hears


def store(rows: list[tuple[str, str]], front_end: FeatureParams, first: int = 0) -> FeatureStore:
    """Rows are (utterance_id, emotion); every value of a spectrogram is its row's number, from `first`."""
    table = pd.DataFrame(rows, columns=["utterance_id", "emotion"]).assign(corpus="toy", speaker="toy_1", gender="male")
    table["source_utterance_id"] = table["utterance_id"].str.split("+").str[0]
    numbers = np.arange(first, first + len(rows), dtype=np.float32)[:, None, None]
    arrays = {name: np.broadcast_to(numbers, (len(rows), *shape)) for name, shape in shapes(front_end).items()}
    return FeatureStore(arrays, table, front_end)


SPLITS = pd.DataFrame({"utterance_id": ["d", "c", "b", "a"], "subset": ["test", "validation", "train", "train"]})
ROWS = [("a", "sad"), ("b", "calm"), ("c", "sad"), ("d", "calm")]


def test_train_is_train_utterances_and_their_copies(small_front_end: FeatureParams) -> None:
    data = select_training_data(
        store(ROWS, small_front_end), store([("b+noise0", "calm")], small_front_end, first=4), SPLITS
    )
    assert data.classes == ["calm", "sad"]
    assert data.train.read(np.arange(3))["log_mel"][:, 0, 0].tolist() == [0, 1, 4]
    assert data.train.classes.tolist() == [1, 0, 0]
    assert data.validation.read(np.arange(1))["log_mel"][:, 0, 0].tolist() == [2]
    assert data.corpora == ["toy"]


def test_test_is_test(small_front_end: FeatureParams) -> None:
    rows = select_test_rows(store(ROWS, small_front_end), SPLITS)
    assert rows["utterance_id"].tolist() == ["d"]
    assert rows.index.tolist() == [3]


def test_a_copy_of_a_test_utterance_is_refused(small_front_end: FeatureParams) -> None:
    with pytest.raises(InputError, match=r"d\+noise0 comes from d, which is not in train"):
        select_training_data(store(ROWS, small_front_end), store([("d+noise0", "calm")], small_front_end), SPLITS)


def test_an_utterance_without_a_subset_is_refused(small_front_end: FeatureParams) -> None:
    with pytest.raises(InputError, match="utterance d has features but is in no subset"):
        select_test_rows(store(ROWS, small_front_end), SPLITS.iloc[1:])


def test_an_emotion_that_train_lacks_is_refused(small_front_end: FeatureParams) -> None:
    rows = [("a", "sad"), ("b", "calm"), ("c", "happy"), ("d", "calm")]
    with pytest.raises(InputError, match="emotion 'happy' is not among the train utterances"):
        select_training_data(store(rows, small_front_end), store([], small_front_end), SPLITS)


def test_copies_from_another_front_end_are_refused(small_front_end: FeatureParams) -> None:
    other = hears(small_front_end, top_db=60.0)
    with pytest.raises(InputError, match="different front ends"):
        select_training_data(store(ROWS, small_front_end), store([], other), SPLITS)
