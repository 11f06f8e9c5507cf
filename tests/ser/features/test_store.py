from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser.errors import InputError
from ser.features.front_end import shapes
from ser.features.store import read_features, write_features
from ser.params import FeatureParams
from tests.conftest import limited_files


def utterances(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "utterance_id": [f"u{k}" for k in range(n)],
            "corpus": "toy",
            "speaker": "toy_1",
            "gender": "male",
            "emotion": "happy",
        }
    )


def spectrograms(n: int, front_end: FeatureParams) -> list[dict[str, np.ndarray]]:
    return [{name: np.full(shape, k, dtype=np.float32) for name, shape in shapes(front_end).items()} for k in range(n)]


def test_features_come_back_mapped_in_their_order(tmp_path: Path, small_front_end: FeatureParams) -> None:
    write_features(iter(spectrograms(3, small_front_end)), utterances(3), small_front_end, tmp_path / "f")
    store = read_features(tmp_path / "f")
    assert isinstance(store.arrays["log_mel"], np.memmap)
    assert store.arrays["log_mel"].dtype == np.float32
    assert store.arrays["log_mel"][:, 0, 0].tolist() == [0, 1, 2]
    assert store.utterances["utterance_id"].tolist() == ["u0", "u1", "u2"]
    assert store.front_end == small_front_end


def test_no_utterances_are_a_legal_store(tmp_path: Path, small_front_end: FeatureParams) -> None:
    write_features([], utterances(0), small_front_end, tmp_path / "f")
    assert read_features(tmp_path / "f").arrays["log_mel"].shape == (0, 8, 13)


def test_a_failing_extraction_leaves_nothing(tmp_path: Path, small_front_end: FeatureParams) -> None:
    def failing():  # type: ignore[no-untyped-def]
        yield from spectrograms(1, small_front_end)
        raise InputError("no")

    with pytest.raises(InputError):
        write_features(failing(), utterances(2), small_front_end, tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_that_names_the_folder(tmp_path: Path, small_front_end: FeatureParams) -> None:
    with pytest.raises(OSError, match="File too large") as caught, limited_files(10_000):
        write_features(spectrograms(100, small_front_end), utterances(100), small_front_end, tmp_path / "f")
    assert caught.value.filename == str(tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


def test_the_array_is_no_longer_than_what_was_written(tmp_path: Path, small_front_end: FeatureParams) -> None:
    # A mapped file has its whole length at once, and a write to it that finds the disk full ends the process.
    lengths = []

    def written():  # type: ignore[no-untyped-def]
        for spectrogram in spectrograms(100, small_front_end):
            (array,) = tmp_path.rglob("log_mel.npy")
            lengths.append(array.stat().st_size)
            yield spectrogram

    write_features(written(), utterances(100), small_front_end, tmp_path / "f")
    assert lengths[-1] < (tmp_path / "f" / "log_mel.npy").stat().st_size


def test_too_few_spectrograms_are_a_bug_that_shows(tmp_path: Path, small_front_end: FeatureParams) -> None:
    with pytest.raises(ValueError, match="features of 1 utterances, expected 2"):
        write_features(spectrograms(1, small_front_end), utterances(2), small_front_end, tmp_path / "f")


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path, small_front_end: FeatureParams) -> None:
    folder = tmp_path / "f"
    write_features(spectrograms(2, small_front_end), utterances(2), small_front_end, folder)
    np.save(folder / "log_mel.npy", np.zeros((3, 8, 13), dtype=np.float32))
    with pytest.raises(InputError, match=r"expected float32 \(2, 8, 13\), found float32 \(3, 8, 13\)"):
        read_features(folder)


def test_a_pickled_array_is_not_opened(tmp_path: Path, small_front_end: FeatureParams) -> None:
    folder = tmp_path / "f"
    write_features(spectrograms(2, small_front_end), utterances(2), small_front_end, folder)
    np.save(folder / "log_mel.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="not a readable array"):
        read_features(folder)
