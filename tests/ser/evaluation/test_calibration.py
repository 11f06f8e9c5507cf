import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser.evaluation.calibration import (
    bin_sums,
    expected_calibration_error,
    prediction_bins,
    rejection_table,
    reliability_table,
)
from ser.training.temperature import fit_temperature

POOLED = np.zeros(4, dtype=np.intp)

# Two bins: (0, 0.5] holds 0.5 right; (0.5, 1] holds 0.6 wrong, 0.8 right and 1.0 right.
PREDICTIONS = pd.DataFrame(
    {
        "emotion": ["happy", "sad", "happy", "sad"],
        "predicted": ["happy", "happy", "happy", "sad"],
        "p_happy": [0.5, 0.6, 0.8, 0.0],
        "p_sad": [0.5, 0.4, 0.2, 1.0],
    }
)


def brute_force(confidence: list[float], correct: list[bool], n_bins: int) -> float:
    """Guo et al. 2017, equation 3, bin by bin as it is printed."""
    error = 0.0
    for b in range(n_bins):
        inside = [i for i, c in enumerate(confidence) if b / n_bins < c <= (b + 1) / n_bins or (b == 0 and c == 0)]
        if inside:
            gap = np.mean([correct[i] for i in inside]) - np.mean([confidence[i] for i in inside])
            error += len(inside) / len(confidence) * abs(gap)
    return float(error)


def test_the_error_of_a_small_example_is_what_it_is_by_hand() -> None:
    # 1/4 * |1 - 0.5| + 3/4 * |2/3 - 0.8| = 0.125 + 0.1
    assert expected_calibration_error(prediction_bins(PREDICTIONS, POOLED, 2)) == pytest.approx([0.225])


def test_the_table_of_a_small_example_is_what_it_is_by_hand() -> None:
    assert reliability_table(PREDICTIONS, 2).to_dict("list") == {
        "lower": [0.0, 0.5],
        "confidence": [0.5, 0.8],
        "accuracy": [1.0, 0.666667],
        "count": [1, 3],
    }


def test_fewer_answers_are_the_more_confident_ones() -> None:
    assert rejection_table(PREDICTIONS).to_dict("list") == {
        "min_confidence": [1.0, 0.8, 0.6, 0.5],
        "coverage": [0.25, 0.5, 0.75, 1.0],
        "accuracy": [1.0, 1.0, 0.666667, 0.75],
    }


def test_equal_confidences_are_answered_together() -> None:
    equal = PREDICTIONS.assign(p_happy=[0.6, 0.6, 0.6, 0.0], p_sad=[0.4, 0.4, 0.4, 1.0])
    assert rejection_table(equal)["coverage"].tolist() == [0.25, 1.0]


def test_empty_bins_are_left_out_of_the_table() -> None:
    assert reliability_table(PREDICTIONS, 10)["lower"].tolist() == [0.4, 0.5, 0.7, 0.9]


@pytest.mark.parametrize("n_bins", [2, 3, 7, 10, 15, 100])
def test_a_bin_includes_its_upper_edge(n_bins: int) -> None:
    edges = np.array([(b + 1) / n_bins for b in range(n_bins)])
    counts = bin_sums(edges, np.ones(n_bins), np.zeros(n_bins, dtype=np.intp), n_bins)[0, 0]
    assert counts.tolist() == [1] * n_bins


def test_confidences_of_0_and_1_belong_to_the_outermost_bins() -> None:
    counts = bin_sums(np.array([0.0, 1.0]), np.ones(2), np.zeros(2, dtype=np.intp), 5)[0, 0]
    assert counts.tolist() == [1, 0, 0, 0, 1]


def test_certain_and_right_is_perfectly_calibrated_and_certain_and_wrong_is_not_at_all() -> None:
    right, wrong = (bin_sums(np.ones(4), np.full(4, value), POOLED, 15) for value in (1, 0))
    assert expected_calibration_error(right) == pytest.approx([0])
    assert expected_calibration_error(wrong) == pytest.approx([1])


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.integers(0, 3)), min_size=1, max_size=40),
    st.integers(2, 20),
)
def test_sums_of_groups_give_the_error_of_the_pooled_utterances(
    utterances: list[tuple[float, bool, int]], n_bins: int
) -> None:
    confidence, correct, groups = (list(column) for column in zip(*utterances, strict=True))
    sums = bin_sums(np.array(confidence), np.array(correct), np.array(groups), n_bins)
    assert sums.shape == (max(groups) + 1, 3, n_bins)
    pooled = float(expected_calibration_error(sums.sum(axis=0)))
    assert pooled == pytest.approx(brute_force(confidence, correct, n_bins), abs=1e-9)


def test_temperature_makes_confidence_what_it_should_be() -> None:
    # Right 3 times of 4 with all logits 1 apart: softmax gives the right class 3/4 if exp(1 / T) = 6.
    logits = np.tile([1.0, 0.0, 0.0], (4, 1))
    temperature = fit_temperature(logits, np.array([0, 0, 0, 1]))
    assert temperature == pytest.approx(1 / np.log(6), rel=1e-4)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_logits_were_drawn_with_is_found_again(temperature: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 8))
    gumbel = rng.gumbel(size=logits.shape)  # the largest of logits with Gumbel noise is a draw from their softmax
    classes = (logits + gumbel).argmax(axis=1)
    assert fit_temperature(temperature * logits, classes) == pytest.approx(temperature, rel=0.05)
