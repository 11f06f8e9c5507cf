"""A cell of the tables: one system, one split, one seed; its scores as JSON and its predictions as CSV beside them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ser.metrics import score_predictions
from ser.params import EvaluateParams
from ser.storage import write_json, write_table


def write_cell(
    predictions: pd.DataFrame,
    classes: Sequence[str],
    costs: Mapping[str, float],
    params: EvaluateParams,
    out: Path,
) -> None:
    """Score the predictions of a test subset and write them.

    Args:
        predictions: as `ser.evaluation.predict_test` gives them.
        classes: the emotions, in the order of the probabilities.
        costs: what the system took: ``minutes`` of training, ``weights`` and the like.
        params: how the scores' intervals are made.
        out: the JSON file, SYSTEM/SPLIT-SEED.json; the predictions go to the CSV file of the same name.
    """
    scores = score_predictions(predictions, classes, params)
    # Four decimals: hundreds of these files are committed.
    write_table(predictions.round(4), out.with_suffix(".csv"))
    write_json({"costs": dict(costs)} | scores, out)
