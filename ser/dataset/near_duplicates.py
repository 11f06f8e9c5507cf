"""Groups of fingerprints that differ in few bits, found without comparing every pair."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ser.dataset.fingerprint import N_BITS, NEAR_IDENTICAL_BITS

KEY_BITS = 20
"""Bits in a key: at 50,000 recordings one in twenty shares a key with another one by chance."""

MIN_RECALL = 0.999
"""Least probability with which a pair at the largest distance asked for is compared."""

MAX_NEIGHBOURS = 64
"""Recordings of one key that each is compared with. Keys shared by more are those of one recording's many copies."""


def find_probability(distance: int, n_tables: int) -> float:
    """Probability that two fingerprints share a key in at least one table.

    A table's key is `KEY_BITS` of the `N_BITS` bits, drawn at random without return, so the two share it when none of
    their differing bits is drawn, wherever these are: C(512 - distance, 20) / C(512, 20).

    >>> n_tables_for(80), round(find_probability(80, 219), 4)
    (219, 0.999)
    """
    share = math.comb(N_BITS - distance, KEY_BITS) / math.comb(N_BITS, KEY_BITS)
    return 1 - (1 - share) ** n_tables


def n_tables_for(distance: int) -> int:
    """Fewest tables that find a pair at `distance` bits with a probability of `MIN_RECALL`."""
    return next(n for n in range(1, 1 << 20) if find_probability(distance, n) >= MIN_RECALL)


def group_near_identical(fingerprints: Sequence[str], max_bits: int = NEAR_IDENTICAL_BITS, seed: int = 0) -> np.ndarray:
    """Group what differs in at most `max_bits` bits, directly or over others.

    Every fingerprint is sorted into one table after another by a few of its bits, and compared with those that agree in
    all of them; a comparison counts all bits, so that none is grouped by mistake. A pair at exactly `max_bits` is
    missed once in a thousand, a closer one less often. Time grows as n log n, memory as n.

    Args:
        fingerprints: what `ser.dataset.fingerprint.fingerprint` gave.
        max_bits: the largest distance of a pair, 0 to 512.
        seed: of the drawn bits.

    Returns:
        For every fingerprint the index of the first one of its group, shape (n_fingerprints,).

    Source:
        Indyk & Motwani (1998), Approximate Nearest Neighbors, STOC: bit sampling for the Hamming distance.
    """
    different, unique = pd.factorize(np.asarray(fingerprints, dtype=object))
    words = np.frombuffer(bytes.fromhex("".join(unique)), dtype=np.uint64).reshape(len(unique), N_BITS // 64)
    bits = np.ascontiguousarray(np.unpackbits(words.view(np.uint8), axis=1).T)  # (N_BITS, n_unique)
    rng = np.random.default_rng(seed)
    groups: np.ndarray = np.arange(len(unique))
    for _ in range(n_tables_for(max_bits)):
        keys = np.zeros(len(unique), dtype=np.uint32)
        for place, bit in enumerate(rng.choice(N_BITS, KEY_BITS, replace=False)):
            keys |= bits[bit].astype(np.uint32) << np.uint32(place)
        one, other = _close_pairs(keys, words, groups, max_bits)
        if len(one):
            links = coo_array((np.ones(len(one)), (groups[one], groups[other])), shape=(len(unique), len(unique)))
            groups = connected_components(links, directed=False)[1][groups]
    return _first_of_group(groups[different])


def _close_pairs(
    keys: np.ndarray, words: np.ndarray, groups: np.ndarray, max_bits: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of one key and different groups that differ in at most `max_bits` bits: two arrays of indices."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    found = [(order[:0], order[:0])]
    places = np.arange(len(keys))
    for step in range(1, MAX_NEIGHBOURS + 1):
        places = places[places + step < len(keys)]
        places = places[ordered[places] == ordered[places + step]]
        if not len(places):
            break
        one, other = order[places], order[places + step]
        apart = groups[one] != groups[other]
        one, other = one[apart], other[apart]
        close = np.bitwise_count(words[one] ^ words[other]).sum(axis=1) <= max_bits
        found.append((one[close], other[close]))
    return np.concatenate([one for one, _ in found]), np.concatenate([other for _, other in found])


def _first_of_group(groups: np.ndarray) -> np.ndarray:
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    indices: np.ndarray = first[inverse]
    return indices
