import numpy as np
import pytest

from ser.inference.windows import cut, even_starts, voice_shares


@pytest.mark.parametrize(
    ("edges", "shares"),
    [
        ([(0, 3)], [3]),
        ([(0, 3), (5, 6)], [3, 1]),  # they share nothing
        ([(0, 3), (1, 4)], [2, 2]),
        ([(0, 3), (1, 4), (2, 5)], [1 + 1 / 2 + 1 / 3, 1 / 2 + 1 / 3 + 1 / 2, 1 / 3 + 1 / 2 + 1]),
    ],
)
def test_what_several_windows_hear_they_share(edges: list[tuple[int, int]], shares: list[float]) -> None:
    np.testing.assert_allclose(voice_shares(np.array(edges)), shares)


def test_shares_add_up_to_what_is_heard() -> None:
    rng = np.random.default_rng(0)
    starts = np.sort(rng.integers(0, 500, 40))
    edges = np.stack([starts, np.maximum.accumulate(starts + rng.integers(1, 50, 40))], axis=1)
    heard = np.zeros(600, bool)
    for start, end in edges:
        heard[start:end] = True
    assert voice_shares(edges).sum() == pytest.approx(heard.sum())


def test_windows_fill_a_stretch_and_the_last_ends_where_it_ends() -> None:
    assert even_starts(10, 20, 4, 3) == [10, 13, 16]
    assert even_starts(10, 21, 4, 3) == [10, 13, 16, 17]
    assert even_starts(10, 15, 4, 3) == [10, 11]


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_windows_are_cut_out_of_blocks_of_any_size(size: int) -> None:
    signal = np.arange(60, dtype=np.float32)
    blocks = [signal[start : start + size] for start in range(0, 60, size)]
    found = list(cut(blocks, [5, 8, 30, 50], 10))
    np.testing.assert_array_equal(found, [signal[start : start + 10] for start in (5, 8, 30, 50)])
