"""Confidence on voices from elsewhere: the temperature of a system that leaves corpora out.

A temperature that is fitted on validation speakers is fitted on known corpora, and too low on the next one. Here it is
fitted on the corpora that cells left out: of each cell's probabilities, which have its own temperature in them, the
logits are told again.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from benchmarks.cells import CELLS, read_predictions
from ser.evaluation.calibration import bin_sums, expected_calibration_error
from ser.params import EvaluateParams
from ser.storage import read_json
from ser.training.temperature import fit_temperature

LEAST = 5e-5
"""Probability: half of what the committed predictions are rounded to."""


def left_out(system: str) -> list[str]:
    """The corpora that a system's cells leave out, by name."""
    return sorted(path.stem.split("-")[2] for path in (CELLS / system).glob("others-to-*-0.json"))


def fitted_elsewhere(system: str, corpora: Collection[str]) -> float:
    """The temperature that suits corpora that were left out, each as much as the others.

    Args:
        system: of which there are cells that leave each of them out, seed 0.
        corpora: some of `left_out`.
    """
    found = [_logits(system, corpus) for corpus in corpora]
    size = min(len(classes) for _, classes in found)
    # As many of each, evenly spread over the table.
    rows = [np.linspace(0, len(classes) - 1, size).round().astype(int) for _, classes in found]
    width = max(logits.shape[1] for logits, _ in found)
    logits = np.concatenate([_widened(one[chosen], width) for (one, _), chosen in zip(found, rows, strict=True)])
    classes = np.concatenate([one[chosen] for (_, one), chosen in zip(found, rows, strict=True)])
    return float(f"{fit_temperature(logits, classes):.2g}")


def calibration(system: str, params: EvaluateParams) -> pd.DataFrame:
    """How far confidence is from accuracy on each corpus that is left out.

    Returns:
        One row per corpus: corpus; ece, with the temperature of validation speakers; temperature, that suits the other
        corpora that were left out; ece_elsewhere, with it.
    """
    rows: list[dict[str, Any]] = []
    corpora = left_out(system)
    for corpus in corpora:
        logits, classes = _logits(system, corpus)
        own = read_json(CELLS / system / f"others-to-{corpus}-0.json")
        temperature = fitted_elsewhere(system, [other for other in corpora if other != corpus])
        probabilities = softmax(logits / temperature, axis=1)
        confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == classes
        sums = bin_sums(confidence, correct, np.zeros(len(classes), dtype=np.intp), params.calibration_bins)
        ece = float(expected_calibration_error(sums)[0])
        rows.append({"corpus": corpus, "ece": own["ece"], "temperature": temperature, "ece_elsewhere": round(ece, 6)})
    return pd.DataFrame(rows)


def _logits(system: str, corpus: str) -> tuple[np.ndarray, np.ndarray]:
    """Of the recordings of a corpus that was left out: (n, n_classes), and which class is right, (n,)."""
    path = CELLS / system / f"others-to-{corpus}-0.json"
    predictions = read_predictions(path.with_suffix(".csv"))
    names = [name for name in predictions if name.startswith("p_")]
    logits = read_json(path)["costs"]["temperature"] * np.log(predictions[names].to_numpy().clip(LEAST))
    return logits, pd.Index(names).get_indexer("p_" + predictions["emotion"])


def _widened(logits: np.ndarray, width: int) -> np.ndarray:
    """With classes that never are, so that all have as many."""
    return np.pad(logits, ((0, 0), (0, width - logits.shape[1])), constant_values=-1e6)
