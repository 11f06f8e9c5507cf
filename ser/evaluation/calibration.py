"""What a classifier's confidence is worth."""

import numpy as np
import pandas as pd


def bin_sums(confidence: np.ndarray, correct: np.ndarray, groups: np.ndarray, n_bins: int) -> np.ndarray:
    """What falls into each confidence bin, per group; sums over groups are the sums of the pooled utterances.

    The bins have equal width and include their upper edge: bin b holds b / n_bins < confidence <= (b + 1) / n_bins;
    a confidence of 0 belongs to the first.

    Args:
        confidence: probability of the predicted class, in [0, 1], shape (n_utterances,).
        correct: whether the prediction is right, shape (n_utterances,).
        groups: group of each utterance, an integer from 0, shape (n_utterances,).
        n_bins: number of bins.

    Returns:
        float64, shape (n_groups, 3, n_bins): the number of utterances, the sum of their confidences, and the number of
        correct ones.

    Source:
        Bins as in Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2.
    """
    n_groups = int(groups.max()) + 1
    # i / n_bins, not i * (1 / n_bins): 0.3 must equal the edge 3 / 10 to stay below it.
    bins = np.searchsorted(np.arange(1, n_bins) / n_bins, confidence, side="left")
    sums = [
        np.bincount(groups * n_bins + bins, weights=weights, minlength=n_groups * n_bins)
        for weights in (np.ones(len(bins)), confidence, correct)
    ]
    return np.stack(sums).reshape(3, n_groups, n_bins).swapaxes(0, 1)  # (n_groups, 3, n_bins)


def expected_calibration_error(sums: np.ndarray) -> np.ndarray:
    """Mean distance between confidence and accuracy over the bins, each weighted by its utterances.

    Small samples read too high: noise in a bin's accuracy counts as miscalibration.

    Args:
        sums: of `bin_sums`, shape (..., 3, n_bins), at least one utterance in each.

    Returns:
        In [0, 1], shape (...).

    Source:
        Guo et al. 2017, equation 3; the division by a bin's count and the weight by it cancel.
    """
    count, confidence, correct = np.moveaxis(sums, -2, 0)
    error: np.ndarray = np.abs(correct - confidence).sum(axis=-1) / count.sum(axis=-1)
    return error


def prediction_bins(predictions: pd.DataFrame, groups: np.ndarray, n_bins: int) -> np.ndarray:
    """`bin_sums` of a predictions table; the confidence is the largest of its columns ``p_<emotion>``.

    Args:
        predictions: one row per utterance.
        groups: group of each row, an integer from 0, shape (n_utterances,).
        n_bins: number of bins.

    Returns:
        float64, shape (n_groups, 3, n_bins).
    """
    confidence = predictions.filter(regex="^p_").to_numpy(dtype=np.float64).max(axis=1)
    correct = (predictions["predicted"] == predictions["emotion"]).to_numpy()
    return bin_sums(confidence, correct, groups, n_bins)


def reliability_table(predictions: pd.DataFrame, n_bins: int) -> pd.DataFrame:
    """One row per confidence bin that is not empty, in ascending order.

    Args:
        predictions: one row per utterance.
        n_bins: number of bins.

    Returns:
        Columns lower (edge of the bin), confidence (mean in the bin), accuracy, count (of utterances).
    """
    pooled = np.zeros(len(predictions), dtype=np.intp)
    count, confidence, correct = prediction_bins(predictions, pooled, n_bins)[0]
    filled = count > 0
    return pd.DataFrame(
        {
            "lower": np.round((np.arange(n_bins) / n_bins)[filled], 6),
            "confidence": np.round(confidence[filled] / count[filled], 6),
            "accuracy": np.round(correct[filled] / count[filled], 6),
            "count": count[filled].astype(np.int64),
        }
    )


def rejection_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """What is gained by answering only above a confidence: one row per confidence that occurs, the highest first.

    Args:
        predictions: one row per utterance.

    Returns:
        Columns min_confidence, coverage (share of the utterances that are answered), accuracy (of those).

    Source:
        El-Yaniv and Wiener, "On the foundations of noise-free selective classification", JMLR 2010.
    """
    table = pd.DataFrame(
        {
            "min_confidence": predictions.filter(regex="^p_").to_numpy(dtype=np.float64).max(axis=1).round(6),
            "correct": predictions["predicted"] == predictions["emotion"],
        }
    )
    groups = table.groupby("min_confidence")["correct"].agg(["size", "sum"]).sort_index(ascending=False).cumsum()
    curve = {"coverage": groups["size"] / len(table), "accuracy": groups["sum"] / groups["size"]}
    return pd.DataFrame(curve).round(6).reset_index()
