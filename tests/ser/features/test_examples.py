import numpy as np
import pytest

from ser.features.examples import Examples
from ser.training.batches import batches


@pytest.fixture
def examples() -> Examples:
    """Rows 1, 3 and 6 of two arrays of 4 and 4 rows; every value is its row's number."""
    numbers = np.arange(8, dtype=np.float32)[:, None, None] * np.ones((1, 2, 5), dtype=np.float32)
    return Examples((numbers[:4], numbers[4:]), np.array([1, 3, 6]), np.array([0, 1, 0]))


def test_rows_run_through_both_arrays(examples: Examples) -> None:
    assert examples.read(np.array([2, 0]))[:, 0, 0].tolist() == [6, 1]
    assert [chunk[:, 0, 0].tolist() for chunk in examples.chunks(2)] == [[1, 3], [6]]


def test_band_statistics_are_those_of_the_chosen_rows(examples: Examples) -> None:
    mean, deviation = examples.band_statistics()
    np.testing.assert_allclose(mean, np.mean([1, 3, 6]))
    np.testing.assert_allclose(deviation, np.std([1, 3, 6]))


def test_batches_are_in_order_without_a_seed(examples: Examples) -> None:
    features, classes = zip(*batches(examples, 2), strict=True)
    assert [batch[:, 0, 0].tolist() for batch in features] == [[1, 3], [6]]
    assert [batch.tolist() for batch in classes] == [[0, 1], [0]]


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    values = np.zeros((64, 1, 1), dtype=np.float32)
    examples = Examples((values,), np.arange(64), np.arange(64))

    def order(seed: int, epoch: int) -> list[int]:
        loader = batches(examples, 16, shuffle_seed=seed)
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        return [int(number) for _, classes in loader for number in classes]

    assert order(0, 3) == order(0, 3)
    assert sorted(order(0, 3)) == list(range(64))
    assert order(0, 3) != order(0, 4)
    assert order(0, 3) != order(1, 3)
