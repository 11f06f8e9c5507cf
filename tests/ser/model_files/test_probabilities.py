import numpy as np
import pytest

from ser.errors import InputError
from ser.model_files.probabilities import checked, doubted


def test_probabilities_come_back_as_they_are() -> None:
    given = np.array([[0.25, 0.75], [1.0, 0.0]])
    assert checked(given, (2, 2)) is given
    checked(given.astype(np.float32) + np.float32(1e-7) * np.array([[1], [-0.0]]), (2, 2))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([[0.5, 0.5]], r"an array of shape \(1, 2\), expected \(2, 2\)"),
        ([0.5, 0.5], r"an array of shape \(2,\), expected \(2, 2\)"),
        ([[0.5, 0.5], [np.nan, 1.0]], "no finite numbers"),
        ([[0.5, 0.5], [np.inf, 1.0]], "no finite numbers"),
        ([[0.5, 0.5], [-0.485, 1.485]], "no probabilities"),
        ([[0.5, 0.5], [0.5, 0.4]], "no probabilities"),
        ([[0.5, 0.5], [0.0, 0.0]], "no probabilities"),
    ],
)
def test_other_numbers_are_refused(given: list[list[float]], message: str) -> None:
    with pytest.raises(InputError, match=f"the model's network gives .*{message}"):
        checked(np.array(given), (2, 2))


def test_what_is_far_is_doubted_and_what_is_near_is_not() -> None:
    probabilities = np.array([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2]])
    found = doubted(probabilities, np.array([0.0, 1.0, 2.0]))
    np.testing.assert_allclose(found.probabilities, [[0.8, 0.2], [0.8, 0.2], [2 / 3, 1 / 3]])
    np.testing.assert_array_equal(found.distance, [0, 1, 2])
