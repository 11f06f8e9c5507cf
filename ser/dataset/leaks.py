"""The leak audit: what train, validation and test share that they should not."""

from itertools import combinations
from typing import Any

import pandas as pd

from ser.dataset.fingerprint import N_BITS, NEAR_IDENTICAL_BITS, SAME_RECORDING_BITS, fingerprint_distances
from ser.dataset.metadata import SUBSETS


def audit_leaks(metadata: pd.DataFrame, splits: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Count what two subsets share.

    Args:
        metadata: the table of `ser.dataset.metadata`.
        splits: utterance_id and subset.

    Returns:
        For each of ``train_validation``, ``train_test`` and ``validation_test``: ``shared_speakers``, the known
        speakers in both; ``same_recording``, the utterances of the second subset whose recording is also in the first,
        be it at another rate or level: fingerprints differ in at most `SAME_RECORDING_BITS` bits; ``near_identical``,
        those of the others that differ from one in the first in at most `NEAR_IDENTICAL_BITS`.
    """
    table = metadata.merge(splits, on="utterance_id", validate="one_to_one")
    parts = {subset: table[table["subset"] == subset] for subset in SUBSETS}
    return {f"{one}_{other}": _shared(parts[one], parts[other]) for one, other in combinations(SUBSETS, 2)}


def _shared(first: pd.DataFrame, second: pd.DataFrame) -> dict[str, int]:
    distances = fingerprint_distances(second["fingerprint"].tolist(), first["fingerprint"].tolist())
    nearest = distances.min(axis=1, initial=N_BITS)
    same = nearest <= SAME_RECORDING_BITS
    return {
        "shared_speakers": len(set(first["speaker"]) & set(second["speaker"]) - {""}),
        "same_recording": int(same.sum()),
        "near_identical": int((~same & (nearest <= NEAR_IDENTICAL_BITS)).sum()),
    }


def describe_leaks(leaks: dict[str, dict[str, Any]]) -> str:
    """Say in a few words what leaks, the most harmful pair of subsets first.

    >>> none = {"shared_speakers": 0, "same_recording": 0, "near_identical": 0}
    >>> describe_leaks({"train_test": none | {"shared_speakers": 24}, "train_validation": none})
    'train and test share 24 speakers'
    >>> describe_leaks({"train_test": none})
    'no leak found'
    """
    words = {
        "shared_speakers": "speakers",
        "same_recording": "recordings",
        "near_identical": "near-identical recordings",
    }
    found = [
        f"{pair.replace('_', ' and ')} share {n} {words[kind]}"
        for pair, counts in sorted(leaks.items(), key=lambda item: item[0] != "train_test")
        for kind, n in counts.items()
        if n
    ]
    return "; ".join(found) or "no leak found"
