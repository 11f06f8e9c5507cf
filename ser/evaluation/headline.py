"""The few figures of a scored model by which experiments are compared."""

from collections.abc import Mapping
from typing import Any

DIGITS = 3
"""Decimals: fewer than the scores have, so that a table of experiments fits a terminal."""

SHORT = {"uar": "uar", "accuracy": "acc", "macro_f1": "f1"}
"""The scores that are compared with their bounds, and what they are called where width is dear."""


def headline(scores: Mapping[str, Any], leaks: Mapping[str, Mapping[str, int]]) -> dict[str, float | bool]:
    """Pick the figures that are compared.

    Args:
        scores: as `ser.evaluation.metrics.score_predictions` gives them.
        leaks: as `ser.dataset.leaks.audit_leaks` gives them.

    Returns:
        uar, acc (accuracy), f1 (macro F1) and ece; worst_recall, the lowest recall of an emotion that occurs;
        worst_gender, the lowest UAR of a gender, unless none is known; leak: whether test shares anything with train or
        validation. Scores have `DIGITS` decimals.
    """
    figures = {short: scores[name] for name, short in SHORT.items()} | {"ece": scores["ece"]}
    figures["worst_recall"] = min(one["recall"] for one in scores["per_class"].values() if one["support"])
    if scores["per_gender"]:
        figures["worst_gender"] = min(one["uar"] for one in scores["per_gender"].values())
    leak = any(any(found.values()) for pair, found in leaks.items() if pair.endswith("_test"))
    return {name: round(value, DIGITS) for name, value in figures.items()} | {"leak": leak}


def bounds(scores: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The 95 % intervals, low and high, of the scores in `SHORT`, to `DIGITS` decimals, by their short name."""
    return {
        short: {end: round(value, DIGITS) for end, value in scores["interval_95"][name].items()}
        for name, short in SHORT.items()
    }
