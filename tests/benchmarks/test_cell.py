"""What a cell takes from the features that all cells of a system share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.cells import read_stores
from benchmarks.table import as_kaggle_copy
from ser.errors import InputError
from ser.features.store import COLUMNS, write_features
from ser.params import FeatureParams

Stored = tuple[Path, pd.DataFrame]


@pytest.fixture
def stored(tmp_path: Path, make_metadata: Callable[..., pd.DataFrame], small_front_end: FeatureParams) -> Stored:
    """Features whose every value is their row's number, one augmented copy of each, and a split over twins."""
    metadata = make_metadata(speakers=2, takes=1).sort_values("utterance_id", ignore_index=True)
    features = [{"log_mel": np.full((8, 13), number, np.float32)} for number in range(len(metadata))]
    copies = metadata[list(COLUMNS)].assign(
        source_utterance_id=metadata["utterance_id"], utterance_id=metadata["utterance_id"] + "+noise0"
    )
    write_features(features, metadata[list(COLUMNS)], small_front_end, tmp_path / "shared/features")
    write_features(
        [{"log_mel": 100 + one["log_mel"]} for one in features], copies, small_front_end, tmp_path / "shared/augmented"
    )
    twins = as_kaggle_copy(metadata)
    subsets = np.resize(["train", "test", "test", "validation"], len(twins))
    return tmp_path / "shared", twins.assign(subset=subsets)


def test_a_recording_and_its_twin_have_the_same_features(stored: Stored) -> None:
    shared, twins = stored
    features, _ = read_stores(shared, twins)
    assert features.utterances["utterance_id"].tolist() == twins["utterance_id"].tolist()
    assert features.arrays["log_mel"][:, 0, 0].tolist() == [number // 2 for number in range(len(twins))]


def test_only_copies_of_train_utterances_are_taken(stored: Stored) -> None:
    shared, twins = stored
    _, copies = read_stores(shared, twins)
    train = set(twins.loc[twins["subset"] == "train", "utterance_id"])
    assert set(copies.utterances["source_utterance_id"]) == {name for name in train if not name.endswith("~2")}
    assert 0 < len(copies.utterances) < len(twins) // 2
    assert copies.arrays["log_mel"][:, 0, 0].tolist() == [100 + 2 * number for number in range(len(copies.utterances))]


def test_an_utterance_without_features_is_named(stored: Stored, small_front_end: FeatureParams) -> None:
    shared, twins = stored
    kept = twins.iloc[2:][list(COLUMNS)]
    write_features([{"log_mel": np.zeros((8, 13), np.float32)}] * len(kept), kept, small_front_end, shared / "features")
    with pytest.raises(InputError, match=f"has no features of {twins['utterance_id'].iloc[0]}"):
        read_stores(shared, twins)
