import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser.dataset.fingerprint import N_BITS, NEAR_IDENTICAL_BITS
from ser.dataset.near_duplicates import MIN_RECALL, find_probability, group_near_identical, n_tables_for


def planted(n: int, distance: int, seed: int = 0) -> list[str]:
    """Random fingerprints, n of them, and after these a copy of each at a given distance."""
    rng = np.random.default_rng(seed)
    bits = rng.random((n, N_BITS)) < 0.5
    copies = bits.copy()
    for row in copies:
        row[rng.choice(N_BITS, distance, replace=False)] ^= True
    return [row.tobytes().hex() for row in np.packbits(np.concatenate([bits, copies]), axis=1)]


def test_copies_at_the_largest_distance_are_found_as_often_as_promised() -> None:
    n = 4000
    groups = group_near_identical(planted(n, NEAR_IDENTICAL_BITS))
    assert (groups[:n] == np.arange(n)).all()
    assert (groups[n:] == np.arange(n)).mean() >= MIN_RECALL - 0.0015  # three standard deviations


def test_what_differs_in_one_bit_more_is_not_grouped() -> None:
    groups = group_near_identical(planted(500, NEAR_IDENTICAL_BITS + 1))
    assert (groups == np.arange(1000)).all()


@given(distance=st.integers(0, 40), n=st.integers(1, 30), seed=st.integers(0, 2**32 - 1))
def test_close_copies_are_always_found_and_nothing_else(distance: int, n: int, seed: int) -> None:
    groups = group_near_identical(planted(n, distance, seed))
    assert groups.tolist() == [*range(n), *range(n)]


def test_a_chain_of_copies_is_one_group_named_by_its_first() -> None:
    bits = np.zeros((12, N_BITS), dtype=bool)
    for link in range(1, 12):
        bits[link] = bits[link - 1]
        bits[link, 40 * link : 40 * link + 40] = True
    codes = [row.tobytes().hex() for row in np.packbits(bits, axis=1)]
    assert group_near_identical(codes).tolist() == [0] * 12


def test_thousands_of_copies_of_one_recording_are_one_group() -> None:
    rng = np.random.default_rng(0)
    bits = rng.random(N_BITS) < 0.5
    codes = [np.packbits(bits ^ (rng.random(N_BITS) < 0.03)).tobytes().hex() for _ in range(3000)]
    assert set(group_near_identical(codes)) == {0}
    assert set(group_near_identical(codes[:1] * 3000)) == {0}


@pytest.mark.parametrize("n", [0, 1])
def test_few_fingerprints_are_no_special_case(n: int) -> None:
    assert group_near_identical(planted(1, 0)[:n]).tolist() == list(range(n))


def test_the_number_of_tables_is_the_least_that_keeps_the_promise() -> None:
    for distance in (0, 1, 45, NEAR_IDENTICAL_BITS):
        n_tables = n_tables_for(distance)
        assert find_probability(distance, n_tables) >= MIN_RECALL
        assert n_tables == 1 or find_probability(distance, n_tables - 1) < MIN_RECALL
