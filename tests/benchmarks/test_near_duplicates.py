import numpy as np

from benchmarks.measurements.near_duplicates import all_pairs, fingerprints, measure
from ser.dataset.fingerprint import NEAR_IDENTICAL_BITS, fingerprint_distances


def test_blocks_find_the_pairs_that_all_distances_show() -> None:
    codes, _ = fingerprints(5_000, np.random.default_rng(0))  # more than one block either way
    opposite = f"{int(codes[0], 16) ^ ((1 << 512) - 1):0128x}"  # 256 bits of half a code are 0 in 8 bits
    codes.append(opposite)
    expected = np.argwhere(np.triu(fingerprint_distances(codes, codes) <= NEAR_IDENTICAL_BITS, k=1))
    assert len(expected) > 500
    assert sorted(map(tuple, all_pairs(codes))) == sorted(map(tuple, expected))


def test_a_measurement_counts_what_was_planted() -> None:
    row = measure(1_000, np.random.default_rng(0))
    assert (row["planted_copies"], row["recall_of_planted"], row["recall_of_pairs"]) == (100, 1.0, 1.0)
    assert row["near_identical_pairs"] >= 100
