from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from ser.features.examples import Examples
from ser.training.batches import batches


@pytest.fixture
def examples() -> Examples:
    """Rows 1, 3 and 6 of two parts of 4 and 4 rows; every value is its row's number, in ``negative`` times -1."""
    numbers = np.arange(8, dtype=np.float32)[:, None, None] * np.ones((1, 2, 5), dtype=np.float32)
    negative = -numbers[:, 0, :3]
    arrays = {"number": (numbers[:4], numbers[4:]), "negative": (negative[:4], negative[4:])}
    return Examples(arrays, np.array([1, 3, 6]), np.array([0, 1, 0]))


def first(arrays: Mapping[str, Any]) -> list[float]:
    """The first value of every row, which is that of all others."""
    numbers, negative = arrays["number"], arrays["negative"]
    assert (numbers[:, 0, 0] == -negative[:, 0]).all()
    found: list[float] = numbers[:, 0, 0].tolist()
    return found


def test_rows_run_through_both_parts_of_every_array(examples: Examples) -> None:
    assert examples.shapes == {"number": (2, 5), "negative": (3,)}
    assert first(examples.read(np.array([2, 0]))) == [6, 1]
    assert [first(chunk) for chunk in examples.chunks(2)] == [[1, 3], [6]]
    behind = examples.concatenate(examples)
    assert first(behind.read(np.arange(6))) == [1, 3, 6, 1, 3, 6]


def test_band_statistics_are_those_of_the_chosen_rows(examples: Examples) -> None:
    statistics = examples.band_statistics()
    for name, sign, n_bands in (("number", 1, 2), ("negative", -1, 3)):
        mean, deviation = statistics[name]
        np.testing.assert_allclose(mean, np.full(n_bands, sign * np.mean([1, 3, 6])))
        np.testing.assert_allclose(deviation, np.full(n_bands, np.std([1, 3, 6])))


def test_batches_are_in_order_without_a_seed(examples: Examples) -> None:
    features, classes = zip(*batches(examples, 2), strict=True)
    assert [first(batch) for batch in features] == [[1, 3], [6]]
    assert [batch.tolist() for batch in classes] == [[0, 1], [0]]


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    values = np.zeros((64, 1, 1), dtype=np.float32)
    examples = Examples({"one": (values,)}, np.arange(64), np.arange(64))

    def order(seed: int, epoch: int) -> list[int]:
        loader = batches(examples, 16, shuffle_seed=seed)
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        return [int(number) for _, classes in loader for number in classes]

    assert order(0, 3) == order(0, 3)
    assert sorted(order(0, 3)) == list(range(64))
    assert order(0, 3) != order(0, 4)
    assert order(0, 3) != order(1, 3)
