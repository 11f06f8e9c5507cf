import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from ser.errors import InputError
from ser.evaluation.metrics import (
    accuracy,
    class_recall_table,
    confusion_matrices,
    confusion_table,
    f1,
    group_table,
    macro_f1,
    pooled_confusion,
    precision,
    recall,
    score_predictions,
    uar,
    weighted_f1,
)
from ser.params import EvaluateParams

CLASSES = ["neutral", "happy", "sad"]
PARAMS = EvaluateParams(bootstrap_samples=500, calibration_bins=15, seed=0)

labels = st.integers(0, 4)
label_pairs = st.lists(st.tuples(labels, labels), min_size=1, max_size=30)


def table(rows: list[tuple[str, str, str, str]], confidence: float = 0.8) -> pd.DataFrame:
    """Predictions from (speaker, gender, emotion, predicted), each as sure of itself as `confidence`."""
    predictions = pd.DataFrame(rows, columns=["speaker", "gender", "emotion", "predicted"])
    predictions.insert(0, "utterance_id", [f"demo_{i:03}" for i in range(len(rows))])
    predictions.insert(1, "corpus", "demo")
    for emotion in CLASSES:
        chosen = predictions["predicted"] == emotion
        predictions[f"p_{emotion}"] = np.where(chosen, confidence, (1 - confidence) / 2)
    return predictions


# Female: 2 of 4 right; male: 3 of 3 right, and no sad male.
TWO_SPEAKERS = table(
    [
        ("01", "male", "neutral", "neutral"),
        ("01", "male", "happy", "happy"),
        ("01", "male", "happy", "happy"),
        ("02", "female", "neutral", "neutral"),
        ("02", "female", "happy", "sad"),
        ("02", "female", "sad", "sad"),
        ("02", "female", "sad", "happy"),
    ]
)


def confusion_of(pairs: list[tuple[int, int]], n_classes: int = 5) -> np.ndarray:
    actual, predicted = np.array(pairs).T
    return confusion_matrices(actual, predicted, np.zeros(len(pairs), dtype=np.intp), n_classes)[0]


@given(label_pairs)
def test_scores_agree_with_scikit_learn_whichever_classes_are_absent(pairs: list[tuple[int, int]]) -> None:
    actual, predicted = np.array(pairs).T
    confusion = confusion_of(pairs)
    # Not balanced_accuracy_score itself, which warns where it drops a class.
    present = np.unique(actual)
    expected_uar = sklearn_metrics.recall_score(actual, predicted, labels=present, average="macro")
    assert uar(confusion) == pytest.approx(expected_uar)
    assert accuracy(confusion) == pytest.approx(sklearn_metrics.accuracy_score(actual, predicted))
    for score, average in ((macro_f1, "macro"), (weighted_f1, "weighted")):
        expected = sklearn_metrics.f1_score(actual, predicted, average=average, zero_division=0)
        assert score(confusion) == pytest.approx(expected)


@given(label_pairs)
def test_class_scores_agree_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    confusion = confusion_of(pairs)
    expected = sklearn_metrics.precision_recall_fscore_support(*np.array(pairs).T, labels=range(5), zero_division=0)
    for ours, theirs in zip((precision, recall, f1), expected, strict=False):
        assert ours(confusion) == pytest.approx(theirs)


@given(st.lists(label_pairs, min_size=1, max_size=4))
def test_scores_of_stacked_matrices_are_the_scores_of_each(groups: list[list[tuple[int, int]]]) -> None:
    stacked = np.stack([confusion_of(pairs) for pairs in groups])
    for score in (accuracy, uar, macro_f1, weighted_f1, recall):
        assert score(stacked) == pytest.approx(np.stack([score(matrix) for matrix in stacked]))


def test_uar_ignores_a_class_that_is_predicted_but_absent_from_the_reference() -> None:
    # recall_score gives 0.375 where balanced_accuracy_score gives 0.5.
    actual, predicted = [0, 0, 1, 1], [0, 2, 1, 2]
    with pytest.warns(UserWarning, match="y_pred contains classes not in y_true"):
        expected = sklearn_metrics.balanced_accuracy_score(actual, predicted)
    assert uar(confusion_of(list(zip(actual, predicted, strict=True)))) == expected == 0.5


def test_macro_f1_counts_a_class_that_is_predicted_but_absent_from_the_reference_as_0() -> None:
    # F1 is 2/3 for both classes present and 0 for the third; the two that never occur do not count.
    assert macro_f1(confusion_of([(0, 0), (0, 2), (1, 1), (1, 2)])) == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


def test_rows_of_a_confusion_matrix_are_actual_and_groups_stay_apart() -> None:
    matrices = confusion_matrices(np.array([0, 0, 1]), np.array([1, 1, 1]), np.array([0, 0, 1]), 2)
    assert matrices.tolist() == [[[0, 2], [0, 0]], [[0, 0], [0, 1]]]


def test_the_scores_of_a_small_example_are_what_they_are_by_hand() -> None:
    scores = score_predictions(TWO_SPEAKERS, CLASSES, PARAMS)
    del scores["interval_95"]
    assert scores == {
        "n_utterances": 7,
        "n_speakers": 2,
        "accuracy": 0.714286,  # 5 / 7
        "uar": 0.722222,  # (1 + 2/3 + 1/2) / 3
        "macro_f1": 0.722222,  # precisions equal recalls here
        "weighted_f1": 0.714286,
        "ece": 0.085714,  # 0.8 - 5 / 7, all in one bin
        "per_class": {
            "neutral": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 2},
            "happy": {"precision": 0.666667, "recall": 0.666667, "f1": 0.666667, "support": 3},
            "sad": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2},
        },
        "per_gender": {
            # Recalls 1, 0, 1/2; F1 1, 0, 1/2.
            "female": {"accuracy": 0.5, "uar": 0.5, "macro_f1": 0.5, "n_utterances": 4},
            "male": {"accuracy": 1.0, "uar": 1.0, "macro_f1": 1.0, "n_utterances": 3},
        },
        "gender_gap": {"accuracy": 0.5, "macro_f1": 0.5},
    }


def test_the_interval_spans_two_different_speakers() -> None:
    # A quarter of the resamples hold one speaker twice: each end is that speaker's own score.
    intervals = score_predictions(TWO_SPEAKERS, CLASSES, PARAMS)["interval_95"]
    assert list(intervals) == ["accuracy", "uar", "macro_f1", "weighted_f1", "ece"]
    for name in ("accuracy", "uar", "macro_f1", "weighted_f1"):
        assert intervals[name] == {"low": 0.5, "high": 1.0}
    assert intervals["ece"] == {"low": 0.085714, "high": 0.3}  # |0.8 - 5/7|, |0.8 - 0.5|


def test_the_interval_has_no_width_when_all_speakers_are_alike() -> None:
    outcome = [("neutral", "neutral"), ("happy", "sad"), ("sad", "sad")]
    rows = [(f"{speaker:02}", "female", actual, predicted) for speaker in range(5) for actual, predicted in outcome]
    scores = score_predictions(table(rows), CLASSES, PARAMS)
    for name, interval in scores["interval_95"].items():
        assert interval == {"low": scores[name], "high": scores[name]}


def test_the_interval_of_symmetrical_speakers_lies_around_the_estimate() -> None:
    # Speaker s has s of 10 right, s = 1 to 9: mean 1/2; a mean of 9 has a standard error of 0.0861.
    rows = [
        (f"{s:02}", "male", ("happy", "sad")[i % 2], ("happy", "sad")[(i + (i >= s)) % 2])
        for s in range(1, 10)
        for i in range(10)
    ]
    scores = score_predictions(table(rows), CLASSES, EvaluateParams(bootstrap_samples=5000, calibration_bins=5, seed=1))
    interval = scores["interval_95"]["accuracy"]
    assert scores["accuracy"] == 0.5
    assert interval["low"] == pytest.approx(0.5 - 1.96 * 0.0861, abs=0.01)
    assert interval["high"] == pytest.approx(0.5 + 1.96 * 0.0861, abs=0.01)


def test_scores_depend_on_the_seed_and_not_on_the_order_of_rows() -> None:
    rng = np.random.default_rng(0)
    rows = [(f"{i % 7:02}", "male", *(CLASSES[j] for j in rng.integers(0, 3, size=2))) for i in range(140)]
    predictions = table(rows)  # type: ignore[arg-type]
    scores = score_predictions(predictions, CLASSES, PARAMS)
    assert score_predictions(predictions.sample(frac=1, random_state=0), CLASSES, PARAMS) == scores
    other = score_predictions(predictions, CLASSES, PARAMS.model_copy(update={"seed": 1}))
    assert other["interval_95"] != scores["interval_95"]
    assert other["uar"] == scores["uar"]


def test_scores_are_plain_finite_numbers_even_for_one_utterance() -> None:
    scores = score_predictions(table([("01", "male", "happy", "sad")]), CLASSES, PARAMS)
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores
    assert scores["uar"] == 0
    assert scores["per_class"]["neutral"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}


def test_there_is_no_gender_gap_with_one_gender() -> None:
    scores = score_predictions(TWO_SPEAKERS[TWO_SPEAKERS["gender"] == "male"], CLASSES, PARAMS)
    assert list(scores["per_gender"]) == ["male"]
    assert "gender_gap" not in scores


def test_speakers_of_two_corpora_who_share_a_name_are_two() -> None:
    predictions = table([("01", "male", "happy", "happy"), ("01", "male", "sad", "happy")])
    predictions["corpus"] = ["demo", "ravdess"]
    assert score_predictions(predictions, CLASSES, PARAMS)["n_speakers"] == 2


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(InputError, match=r"^predictions: expected at least one utterance, found none$"):
        score_predictions(TWO_SPEAKERS.iloc[:0], CLASSES, PARAMS)


@pytest.mark.parametrize("column", ["emotion", "predicted"])
def test_a_label_that_is_not_a_class_is_refused(column: str) -> None:
    predictions = TWO_SPEAKERS.copy()
    predictions.loc[[2, 4], column] = "bored"
    message = f"^predictions: utterance demo_002: {column}: expected one of neutral, happy, sad, found 'bored'$"
    with pytest.raises(InputError, match=message):
        score_predictions(predictions, CLASSES, PARAMS)


@pytest.mark.parametrize(
    ("value", "found"), [(np.nan, "nan"), (np.inf, "inf"), (0.102, "0.102"), (-0.1, "-0.1"), (0.5, "0.5")]
)
def test_probabilities_that_do_not_add_up_to_1_are_refused(value: float, found: str) -> None:
    predictions = TWO_SPEAKERS.copy()
    predictions.loc[[3, 5], "p_happy"] = value
    message = f"^predictions: utterance demo_003: expected probabilities that add up to 1, found 0\\.8, {found}, 0\\.1$"
    with pytest.raises(InputError, match=message):
        score_predictions(predictions, CLASSES, PARAMS)


def test_probabilities_that_were_rounded_are_accepted() -> None:
    predictions = TWO_SPEAKERS.copy()
    predictions["p_happy"] += 9e-4
    assert score_predictions(predictions, CLASSES, PARAMS)["n_utterances"] == 7


def test_the_confusion_table_has_one_row_per_utterance_sorted_by_id() -> None:
    confusion = confusion_table(TWO_SPEAKERS.iloc[::-1])
    assert confusion.to_dict("list") == {
        "actual": ["neutral", "happy", "happy", "neutral", "happy", "sad", "sad"],
        "predicted": ["neutral", "happy", "happy", "neutral", "sad", "sad", "happy"],
    }


def test_the_pooled_confusion_matrix_has_actual_rows() -> None:
    assert pooled_confusion(TWO_SPEAKERS, CLASSES).tolist() == [[2, 0, 0], [0, 2, 1], [0, 1, 1]]


def test_recall_leaves_out_resamples_without_the_emotion() -> None:
    # Only speaker 02 is ever sad, and half right: without that speaker there is no recall, not one of 0.
    recalls = class_recall_table(TWO_SPEAKERS, CLASSES, PARAMS)
    assert recalls.to_dict("list") == {
        "emotion": ["neutral", "happy", "sad"],
        "recall": [1.0, 0.666667, 0.5],
        "low": [1.0, 0.0, 0.5],
        "high": [1.0, 1.0, 0.5],
    }


def test_an_emotion_that_does_not_occur_has_no_recall() -> None:
    recalls = class_recall_table(TWO_SPEAKERS[TWO_SPEAKERS["gender"] == "male"], CLASSES, PARAMS)
    assert recalls["emotion"].tolist() == ["neutral", "happy"]


def test_the_group_table_is_in_long_form() -> None:
    rows: list[dict[str, Any]] = group_table(TWO_SPEAKERS, CLASSES).to_dict("records")
    assert [row["name"] for row in rows] == [
        f"{group} {score}" for score in ("accuracy", "UAR", "macro F1") for group in ("all", "female", "male")
    ]
    assert [row["value"] for row in rows[:3]] == [0.714286, 0.5, 1.0]
    assert rows[4] == {"group": "female", "score": "uar", "value": 0.5, "name": "female UAR"}


def test_several_corpora_are_scored_apart_as_well() -> None:
    male = TWO_SPEAKERS["gender"] == "male"
    predictions = TWO_SPEAKERS.assign(corpus=np.where(male, "tess", "ravdess"))
    scores = score_predictions(predictions, CLASSES, PARAMS)
    assert scores["per_corpus"] == {
        "ravdess": {"accuracy": 0.5, "uar": 0.5, "macro_f1": 0.5, "n_utterances": 4},
        "tess": {"accuracy": 1.0, "uar": 1.0, "macro_f1": 1.0, "n_utterances": 3},
    }
    assert set(group_table(predictions, CLASSES)["group"]) == {"all", "female", "male", "ravdess", "tess"}


def test_unknown_genders_are_in_no_group() -> None:
    scores = score_predictions(TWO_SPEAKERS.assign(gender=""), CLASSES, PARAMS)
    assert scores["per_gender"] == {}
    assert set(group_table(TWO_SPEAKERS.assign(gender=""), CLASSES)["group"]) == {"all"}
