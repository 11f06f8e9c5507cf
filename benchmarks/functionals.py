"""A table cell without a network: functionals over time of our own features, and a classifier of scikit-learn.

python -m benchmarks.functionals svm luna5-0 0

It answers what the spectrograms that the networks read are worth to a classifier that knows nothing of time.
"""

import time
from enum import StrEnum
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.cells import FEATURES, read_split, read_stores, write_cell
from ser.dataset.metadata import order_emotions
from ser.errors import user_errors
from ser.features.store import FeatureStore
from ser.features.subsets import class_indices, select_test_rows
from ser.params import EvaluateParams, load_params
from ser.training.temperature import fit_temperature

Labelled = tuple[np.ndarray, np.ndarray]
PERCENTILES = (5, 25, 50, 75, 95)


class Classifier(StrEnum):
    """What is fitted to the functionals."""

    LOGISTIC = "logistic"
    SVM = "svm"


GRID = {Classifier.LOGISTIC: (1e-4, 1e-3, 1e-2, 1e-1), Classifier.SVM: (0.1, 1.0, 10.0, 100.0)}
"""The inverse strengths of regularisation, C, of which validation chooses one."""


def functionals(spectrogram: np.ndarray) -> np.ndarray:
    """Mean, standard deviation and percentiles over time of every band, and of its change from frame to frame.

    The front end pads a short signal with zeros. Frames at the end in which every band is at the floor are that padding
    and do not count: a third of the frames of RAVDESS, which would else tell how long a clip is before how it sounds.

    Args:
        spectrogram: dB, shape (n_bands, n_frames).

    Returns:
        Shape (2 * (2 + len(PERCENTILES)) * n_bands,): each functional of all bands, then each of their changes.
    """
    heard = np.flatnonzero(spectrogram.max(axis=0) > spectrogram.min())
    voice = spectrogram[:, : heard[-1] + 1]
    return np.concatenate(
        [
            statistic
            for track in (voice, np.diff(voice))
            for statistic in (track.mean(axis=1), track.std(axis=1), *np.percentile(track, PERCENTILES, axis=1))
        ]
    )


def fit(train: Labelled, validation: Labelled, classifier: Classifier) -> tuple[Pipeline, float]:
    """Fit on train with every C of the grid, and keep the best macro F1 on validation, the smallest C of equals.

    Args:
        train: functionals, shape (n_utterances, n_functionals), and the class of each, an integer.
        validation: likewise.
        classifier: logistic regression, or a support vector machine with a Gaussian kernel.

    Returns:
        What standardises as train does and then classifies, and its C.
    """

    def macro_f1(c: float) -> float:
        score: float = f1_score(validation[1], fitted[c].predict(validation[0]), average="macro")
        return score

    fitted = {c: make_pipeline(StandardScaler(), _estimator(classifier, c)).fit(*train) for c in GRID[classifier]}
    best = max(fitted, key=macro_f1)
    return fitted[best], best


def _estimator(classifier: Classifier, c: float) -> LogisticRegression | SVC:
    if classifier is Classifier.LOGISTIC:
        return LogisticRegression(C=c, max_iter=10_000)
    return SVC(C=c, break_ties=True)  # so that it predicts the class of the largest decision value


def predict_test(
    features: FeatureStore, splits: pd.DataFrame, classifier: Classifier
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Fit on the train utterances, choose on the validation utterances, predict the test utterances.

    Args:
        features: of all utterances; three emotions at least.
        splits: utterance_id and subset.
        classifier: what is fitted.

    Returns:
        Predictions as `ser.evaluation.predictions.predict_test` gives them, and what they took: minutes, the chosen C.
    """
    started = time.monotonic()
    test = select_test_rows(features, splits)
    subset = features.utterances[["utterance_id"]].merge(splits, on="utterance_id", validate="one_to_one")["subset"]
    values = np.stack([functionals(spectrogram) for spectrogram in features.arrays["log_mel"]])
    emotions = features.utterances["emotion"]
    classes = order_emotions(set(emotions[subset == "train"]))
    train, validation = (
        (values[subset == name], class_indices(emotions[subset == name], classes)) for name in ("train", "validation")
    )
    model, c = fit(train, validation, classifier)
    temperature = fit_temperature(model.decision_function(validation[0]), validation[1])
    minutes = round((time.monotonic() - started) / 60, 2)
    probabilities = softmax(model.decision_function(values[test.index]) / temperature, axis=1)
    test = test.assign(predicted=np.array(classes)[probabilities.argmax(axis=1)])
    test[[f"p_{name}" for name in classes]] = probabilities
    return test.sort_values("utterance_id", ignore_index=True), {"minutes": minutes, "C": c}


def main(
    classifier: Annotated[Classifier, typer.Argument(help="What is fitted to the functionals.")],
    split: Annotated[str, typer.Argument(help="A split of benchmarks/table.yaml.")],
    seed: Annotated[int, typer.Argument(help="Of the split, where it is drawn.")],
) -> None:
    """Score scikit-learn on functionals of the features that logmel-gap reads."""
    with user_errors():
        utterances = read_split(split, seed)
        features, _ = read_stores(FEATURES / "logmel-gap", utterances)
        predictions, costs = predict_test(features, utterances[["utterance_id", "subset"]], classifier)
        classes = predictions.filter(regex="^p_").columns.str.removeprefix("p_").to_list()
        write_cell(predictions, classes, costs, load_params(EvaluateParams), f"functionals-{classifier}", split, seed)


if __name__ == "__main__":
    typer.run(main)
