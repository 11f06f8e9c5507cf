import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ser.model_files.source import DRAWN_BY, SourceStatistics, as_text, distance, drawn_towards, spread, statistics


@given(st.lists(st.tuples(st.floats(-1e6, 1e6, width=32), st.floats(2**-20, 1e6, width=32)), min_size=1, max_size=9))
def test_statistics_are_kept_to_the_last_bit(values: list[tuple[float, float]]) -> None:
    array = np.array(values, np.float32).T
    np.testing.assert_array_equal(SourceStatistics(**as_text(array)).array, array)


def text(*values: float) -> str:
    return base64.b64encode(np.array(values, "<f4").tobytes()).decode()


@pytest.mark.parametrize(
    ("mean", "deviation"),
    [
        ("!", text(1)),
        ("QUJD", text(1)),  # three bytes
        (text(np.nan), text(1)),
        (text(np.inf), text(1)),
        (text(1, 2), text(1)),
        (text(1), text(0)),
        (text(1), text(-1)),
        ("A" * 100_000, text(1)),
    ],
)
def test_what_cannot_standardise_is_refused(mean: str, deviation: str) -> None:
    with pytest.raises(ValidationError):
        SourceStatistics(mean=mean, deviation=deviation)


def test_statistics_are_those_of_the_recordings_where_none_differs_a_deviation_is_still_above_0() -> None:
    rows = np.array([[1.0, 5.0], [3.0, 5.0]])
    found = statistics(rows)
    np.testing.assert_allclose(found, [[2, 5], [1, 1e-5]])


def test_few_recordings_are_drawn_towards_train_and_many_are_not() -> None:
    rng = np.random.default_rng(0)
    trained = np.array([[0.0], [1.0]])
    as_many = drawn_towards(trained, rng.normal(6, 3, (DRAWN_BY, 1)))
    np.testing.assert_allclose(as_many, [[3], [2]], atol=1.2)
    np.testing.assert_allclose(drawn_towards(trained, np.full((DRAWN_BY, 1), 6.0)), [[3], [0.5]], atol=1e-4)
    np.testing.assert_allclose(drawn_towards(trained, rng.normal(6, 3, (100_000, 1))), [[6], [3]], atol=0.05)


def test_recordings_of_which_the_same_is_said_differ_by_nothing() -> None:
    assert spread(np.array([[1.0, 2, 3], [1, 2, 3]])) == 0
    assert spread(np.array([[1.0, 2, 3], [11, 12, 13]])) == 0  # what is added to all
    assert spread(np.array([[2.0, 0], [0, 2]])) == 2


def test_recordings_of_the_source_itself_are_at_a_distance_of_1_on_average() -> None:
    rows = np.random.default_rng(0).normal(5, 3, (2000, 4))
    found = distance(rows, statistics(rows))
    assert found.mean() == pytest.approx(1)
    assert distance(rows + 30, statistics(rows)).min() > 20
