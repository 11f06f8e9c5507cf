"""Scores of a predictions table, with intervals over its speakers.

A predictions table has one row per utterance: utterance_id, corpus, speaker, gender, emotion (the actual label),
predicted, and one probability ``p_<emotion>`` per class. Every score but the calibration error is a function of a
confusion matrix, rows actual, columns predicted, so that matrices of speakers add up to matrices of resamples.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ser.dataset.metadata import GENDERS
from ser.errors import InputError
from ser.evaluation.bootstrap import interval_95, resample_speakers
from ser.evaluation.calibration import expected_calibration_error, prediction_bins
from ser.params import EvaluateParams


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Quotient, 0 where `whole` is 0; both of shape (...)."""
    quotient: np.ndarray = np.divide(part, whole, out=np.zeros(np.shape(whole)), where=whole > 0)
    return quotient


def _hits(confusion: np.ndarray) -> np.ndarray:
    """Diagonal: the utterances of each class that are predicted right, shape (..., n_classes)."""
    hits: np.ndarray = np.diagonal(confusion, axis1=-2, axis2=-1)
    return hits


def precision(confusion: np.ndarray) -> np.ndarray:
    """Share of the utterances predicted as a class that are of it, shape (..., n_classes); 0 if none is predicted."""
    return _ratio(_hits(confusion), confusion.sum(axis=-2))


def recall(confusion: np.ndarray) -> np.ndarray:
    """Share of the utterances of a class that are predicted as it, shape (..., n_classes); 0 if it has none."""
    return _ratio(_hits(confusion), confusion.sum(axis=-1))


def f1(confusion: np.ndarray) -> np.ndarray:
    """Harmonic mean of precision and recall, shape (..., n_classes); 0 for a class neither present nor predicted."""
    return _ratio(2 * _hits(confusion), confusion.sum(axis=-1) + confusion.sum(axis=-2))


def accuracy(confusion: np.ndarray) -> np.ndarray:
    """Share of all utterances that are predicted right, also called weighted average recall, shape (...)."""
    return _ratio(_hits(confusion).sum(axis=-1), confusion.sum(axis=(-2, -1)))


def uar(confusion: np.ndarray) -> np.ndarray:
    """Unweighted average recall: the mean over the classes present in the reference, shape (...).

    A class that is predicted but absent from the reference has no recall and does not count.

    Source:
        ``sklearn.metrics.balanced_accuracy_score``; ``recall_score(average="macro")`` counts such a class as 0.
    """
    return _ratio(recall(confusion).sum(axis=-1), (confusion.sum(axis=-1) > 0).sum(axis=-1))


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes present in the reference or predicted, shape (...).

    A class that is predicted but absent from the reference counts as 0; one that is neither does not count.

    Source:
        ``sklearn.metrics.f1_score(average="macro", zero_division=0)`` without ``labels``.
    """
    occurring = (confusion.sum(axis=-1) + confusion.sum(axis=-2)) > 0
    return _ratio(f1(confusion).sum(axis=-1), occurring.sum(axis=-1))


def weighted_f1(confusion: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes, each weighted by its utterances in the reference, shape (...).

    Source:
        ``sklearn.metrics.f1_score(average="weighted", zero_division=0)``.
    """
    support = confusion.sum(axis=-1)
    return _ratio((f1(confusion) * support).sum(axis=-1), support.sum(axis=-1))


SCORES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "accuracy": accuracy,
    "uar": uar,
    "macro_f1": macro_f1,
    "weighted_f1": weighted_f1,
}


def confusion_matrices(actual: np.ndarray, predicted: np.ndarray, groups: np.ndarray, n_classes: int) -> np.ndarray:
    """Count actual against predicted classes within each group.

    Args:
        actual: class of each utterance, an integer from 0 below `n_classes`, shape (n_utterances,).
        predicted: likewise.
        groups: group of each utterance, an integer from 0, shape (n_utterances,).
        n_classes: number of classes.

    Returns:
        Integers, shape (n_groups, n_classes, n_classes), rows actual, columns predicted.
    """
    n_groups = int(groups.max()) + 1
    cells = (groups * n_classes + actual) * n_classes + predicted
    return np.bincount(cells, minlength=n_groups * n_classes**2).reshape(n_groups, n_classes, n_classes)


def score_predictions(predictions: pd.DataFrame, classes: Sequence[str], params: EvaluateParams) -> dict[str, Any]:
    """Score the predictions as a whole, per class and per gender.

    ``interval_95`` is the percentile interval of `resample_speakers`; see there what few speakers mean for it. That of
    the calibration error may lie above its estimate, as a resample holds copies and so scatters more.

    Args:
        predictions: one row per utterance; two speakers are the same if their corpus and speaker are.
        classes: the emotions, in the order of the result.
        params: bootstrap and calibration settings.

    Returns:
        Nested dict of finite numbers rounded to 6 decimals: n_utterances, n_speakers, accuracy, uar, macro_f1,
        weighted_f1, ece, interval_95 (of those five: low, high), per_class (precision, recall, f1, support),
        per_gender (accuracy, uar, macro_f1, n_utterances; for each gender present), gender_gap (absolute differences of
        accuracy and macro_f1; only if both genders are present), and per_corpus (like per_gender; only if there are
        several corpora).

    Raises:
        InputError: the table is empty, a label is not one of `classes`, or the probabilities of an utterance are not
            finite, are negative or do not add up to 1 within 1e-3; names the first such utterance.
    """
    check_predictions(predictions, classes)
    speakers = _speakers(predictions)
    matrices = _matrices(predictions, classes, speakers)
    bins = prediction_bins(predictions, speakers, params.calibration_bins)
    confusion = matrices.sum(axis=0)
    resampled = resample_speakers(matrices, params)
    estimates = {name: score(confusion) for name, score in SCORES.items()}
    samples = {name: score(resampled) for name, score in SCORES.items()}
    estimates["ece"] = expected_calibration_error(bins.sum(axis=0))
    samples["ece"] = expected_calibration_error(resample_speakers(bins, params))
    per_gender = _per_group(predictions, "gender", classes)
    per_corpus = _per_corpus(predictions, classes)
    scores: dict[str, Any] = {
        "n_utterances": len(predictions),
        "n_speakers": len(matrices),
        **{name: _rounded(value) for name, value in estimates.items()},
        "interval_95": {name: interval_95(values) for name, values in samples.items()},
        "per_class": _per_class(confusion, classes),
        "per_gender": per_gender,
    }
    if len(per_gender) == 2:
        female, male = (per_gender[gender] for gender in GENDERS)
        scores["gender_gap"] = {name: _rounded(abs(female[name] - male[name])) for name in ("accuracy", "macro_f1")}
    if per_corpus:
        scores["per_corpus"] = per_corpus
    return scores


def check_predictions(predictions: pd.DataFrame, classes: Sequence[str]) -> None:
    """Refuse a table that cannot be scored.

    Raises:
        InputError: as in `score_predictions`.
    """
    if predictions.empty:
        raise InputError("predictions: expected at least one utterance, found none")
    names = predictions["utterance_id"].to_numpy()
    for column in ("emotion", "predicted"):
        unknown = ~predictions[column].isin(classes).to_numpy()
        if unknown.any():
            first = int(unknown.argmax())
            raise InputError(
                f"predictions: utterance {names[first]}: {column}: expected one of {', '.join(classes)},"
                f" found '{predictions[column].iloc[first]}'"
            )
    probabilities = predictions[[f"p_{emotion}" for emotion in classes]].to_numpy(dtype=np.float64)
    usable = np.isfinite(probabilities).all(axis=1) & (np.nan_to_num(probabilities) >= 0).all(axis=1)
    usable[usable] = np.abs(probabilities[usable].sum(axis=1) - 1) <= 1e-3
    if not usable.all():
        first = int(usable.argmin())
        found = ", ".join(f"{value:g}" for value in probabilities[first])
        raise InputError(
            f"predictions: utterance {names[first]}: expected probabilities that add up to 1, found {found}"
        )


def confusion_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Columns actual and predicted: one row per utterance, sorted by utterance_id."""
    table = predictions.sort_values("utterance_id", kind="stable")
    return table[["emotion", "predicted"]].rename(columns={"emotion": "actual"}).reset_index(drop=True)


def pooled_confusion(predictions: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """Confusion matrix of all rows, shape (n_classes, n_classes), rows actual, columns predicted."""
    confusion: np.ndarray = _matrices(predictions, classes, np.zeros(len(predictions), dtype=np.intp))[0]
    return confusion


def class_recall_table(predictions: pd.DataFrame, classes: Sequence[str], params: EvaluateParams) -> pd.DataFrame:
    """Recall of each emotion that occurs, in the order of `classes`.

    Args:
        predictions: one row per utterance.
        classes: the emotions.
        params: bootstrap settings.

    Returns:
        Columns emotion, recall, low, high: the 95 % interval over resampled speakers, those without the emotion left
        out.
    """
    matrices = _matrices(predictions, classes, _speakers(predictions))
    resampled = resample_speakers(matrices, params)
    present = resampled.sum(axis=-1) > 0  # (samples, classes)
    estimates, samples = recall(matrices.sum(axis=0)), recall(resampled)
    rows = [
        {"emotion": emotion, "recall": _rounded(estimates[i]), **interval_95(samples[present[:, i], i])}
        for i, emotion in enumerate(classes)
        if matrices[:, i].any()
    ]
    return pd.DataFrame(rows, columns=["emotion", "recall", "low", "high"])


def group_table(predictions: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Accuracy, UAR and macro F1 of all, of each gender and, if there are several, of each corpus, in long form.

    Args:
        predictions: one row per utterance.
        classes: the emotions.

    Returns:
        Columns group (all, female, male, a corpus), score (accuracy, uar, macro_f1), value, and name: both in words,
        such as "female macro F1".
    """
    words = {"accuracy": "accuracy", "uar": "UAR", "macro_f1": "macro F1"}
    groups = {"all": _group_scores(predictions, classes)}
    groups |= _per_group(predictions, "gender", classes) | _per_corpus(predictions, classes)
    rows = [
        {"group": group, "score": score, "value": scores[score], "name": f"{group} {words[score]}"}
        for score in words
        for group, scores in groups.items()
    ]
    return pd.DataFrame(rows, columns=["group", "score", "value", "name"])


def _speakers(predictions: pd.DataFrame) -> np.ndarray:
    """Number of each row's speaker, from 0, in sorted order; shape (n_utterances,)."""
    return predictions.groupby(["corpus", "speaker"], sort=True).ngroup().to_numpy(dtype=np.intp)


def _matrices(predictions: pd.DataFrame, classes: Sequence[str], groups: np.ndarray) -> np.ndarray:
    labels = pd.Index(classes)
    actual, predicted = (labels.get_indexer(pd.Index(predictions[column])) for column in ("emotion", "predicted"))
    return confusion_matrices(actual, predicted, groups, len(classes))


def _per_class(confusion: np.ndarray, classes: Sequence[str]) -> dict[str, dict[str, float]]:
    columns = precision(confusion), recall(confusion), f1(confusion), confusion.sum(axis=1)
    return {
        emotion: {"precision": _rounded(p), "recall": _rounded(r), "f1": _rounded(f), "support": int(support)}
        for emotion, p, r, f, support in zip(classes, *columns, strict=True)
    }


def _per_group(predictions: pd.DataFrame, column: str, classes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Score the rows of each value of `column`, those with none left out."""
    known = predictions[predictions[column] != ""]
    return {str(group): _group_scores(rows, classes) for group, rows in known.groupby(column, sort=True)}


def _per_corpus(predictions: pd.DataFrame, classes: Sequence[str]) -> dict[str, dict[str, float]]:
    return _per_group(predictions, "corpus", classes) if len(predictions["corpus"].unique()) > 1 else {}


def _group_scores(predictions: pd.DataFrame, classes: Sequence[str]) -> dict[str, float]:
    confusion = pooled_confusion(predictions, classes)
    scores = {name: _rounded(SCORES[name](confusion)) for name in ("accuracy", "uar", "macro_f1")}
    return scores | {"n_utterances": len(predictions)}


def _rounded(value: Any) -> float:
    # Six decimals, so that a rerun on another machine does not change committed files.
    return round(float(value), 6)
