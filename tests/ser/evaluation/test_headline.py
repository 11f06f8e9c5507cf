from typing import Any

import pytest

from ser.evaluation.headline import bounds, headline

SCORES: dict[str, Any] = {
    "uar": 0.6718751,
    "accuracy": 0.5,
    "macro_f1": 0.25,
    "ece": 0.0911,
    "interval_95": {name: {"low": 0.12345, "high": 0.98765} for name in ("uar", "accuracy", "macro_f1", "ece")},
    "per_class": {
        "calm": {"recall": 0.75, "support": 4},
        "sad": {"recall": 0.25, "support": 4},
        "happy": {"recall": 0.0, "support": 0},
    },
    "per_gender": {"female": {"uar": 0.7}, "male": {"uar": 0.6}},
}
NONE = {"shared_speakers": 0, "same_recording": 0}
LEAKS = {"train_validation": NONE, "train_test": NONE, "validation_test": NONE}


def test_what_is_compared_is_rounded_and_the_worst_are_those_that_occur() -> None:
    assert headline(SCORES, LEAKS) == {
        "uar": 0.672,
        "acc": 0.5,
        "f1": 0.25,
        "ece": 0.091,
        "worst_recall": 0.25,
        "worst_gender": 0.6,
        "leak": False,
    }
    assert bounds(SCORES) == {name: {"low": 0.123, "high": 0.988} for name in ("uar", "acc", "f1")}


def test_without_a_known_gender_none_is_the_worst() -> None:
    assert "worst_gender" not in headline(SCORES | {"per_gender": {}}, LEAKS)


@pytest.mark.parametrize(
    ("pair", "leak"), [("train_test", True), ("validation_test", True), ("train_validation", False)]
)
def test_a_leak_is_what_test_shares(pair: str, leak: bool) -> None:
    assert headline(SCORES, LEAKS | {pair: NONE | {"same_recording": 1}})["leak"] is leak
