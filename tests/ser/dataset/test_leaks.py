from collections.abc import Callable

import pandas as pd
import pytest

from ser.dataset.leaks import audit_leaks, describe_leaks

Make = Callable[..., pd.DataFrame]
NOTHING = {"shared_speakers": 0, "same_recording": 0, "near_identical": 0}


def by_speaker(metadata: pd.DataFrame) -> pd.DataFrame:
    """The first two speakers to test, the next two to validation, the rest to train."""
    number = metadata["speaker"].str[-2:].astype(int)
    subset = number.map(lambda n: "test" if n <= 2 else "validation" if n <= 4 else "train")
    return metadata[["utterance_id"]].assign(subset=subset)


def test_a_split_by_speaker_has_no_leak(make_metadata: Make) -> None:
    metadata = make_metadata(speakers=8)
    leaks = audit_leaks(metadata, by_speaker(metadata))
    assert leaks == {"train_validation": NOTHING, "train_test": NOTHING, "validation_test": NOTHING}
    assert describe_leaks(leaks) == "no leak found"


def test_shared_speakers_are_counted_between_the_right_subsets(make_metadata: Make) -> None:
    metadata = make_metadata(speakers=8)
    splits = by_speaker(metadata)
    splits.loc[metadata["speaker"] == "toy_08", "subset"] = ["test", "train"] * 8
    leaks = audit_leaks(metadata, splits)
    assert leaks["train_test"] == NOTHING | {"shared_speakers": 1}
    assert leaks["train_validation"] == NOTHING
    assert describe_leaks(leaks) == "train and test share 1 speakers"


def test_a_copied_recording_is_found_whoever_is_said_to_speak(make_metadata: Make) -> None:
    metadata = make_metadata(speakers=8)
    splits = by_speaker(metadata)
    test_row, train_row = metadata.index[0], metadata.index[-1]
    metadata.loc[test_row, ["audio_hash", "fingerprint"]] = metadata.loc[train_row, ["audio_hash", "fingerprint"]]
    leaks = audit_leaks(metadata, splits)
    assert leaks["train_test"] == NOTHING | {"same_recording": 1}


@pytest.mark.parametrize(
    ("bits", "leak"), [(44, {"same_recording": 1}), (48, {"near_identical": 1}), (80, {"near_identical": 1}), (84, {})]
)
def test_an_altered_copy_is_the_same_recording_and_a_noisy_one_near_identical(
    make_metadata: Make, bits: int, leak: dict[str, int]
) -> None:
    metadata = make_metadata(speakers=8)
    code = metadata["fingerprint"].iloc[-1]
    flip = str.maketrans("0123456789abcdef", "fedcba9876543210")
    metadata.loc[metadata.index[0], "fingerprint"] = code[: bits // 4].translate(flip) + code[bits // 4 :]
    assert audit_leaks(metadata, by_speaker(metadata))["train_test"] == NOTHING | leak
