"""The test subset, read once: what the model says of every test utterance."""

from typing import Literal

import numpy as np
import pandas as pd
import torch

from ser.errors import InputError
from ser.features.examples import Examples
from ser.features.store import FeatureStore
from ser.features.subsets import class_indices, select_test_rows
from ser.model_files.safetensors_file import Model
from ser.model_files.source import NOTHING_TO_ADAPT, drawn_towards
from ser.models.source import embeddings, held_statistics, set_statistics, source_norms

Source = Literal["corpus", "speaker"]
"""What recordings of one source have in common; a column of the features' table."""


def predict_test(
    model: Model, features: FeatureStore, splits: pd.DataFrame, adapted_to: Source | None = None
) -> pd.DataFrame:
    """Classify the test utterances.

    Args:
        model: the trained model.
        features: of all utterances, made by the model's own front end.
        splits: utterance_id and subset.
        adapted_to: None, as they come; or each corpus's, or each speaker's, by its own statistics, for which no labels
            are needed but all of its test utterances: a network that standardises by source.

    Returns:
        One row per test utterance, sorted by utterance_id: utterance_id, corpus, speaker, gender, emotion (the actual
        one), predicted, and the probability of each class as ``p_EMOTION``.

    Raises:
        InputError: the features come from another front end than the model's, or test has an emotion that the model
            does not know, or no utterance; or the network standardises nothing by source.
    """
    if features.front_end != model.description.front_end:
        raise InputError("the features were made by another front end than the model's; run `dvc repro`")
    table = select_test_rows(features, splits)
    if table.empty:
        raise InputError("the test subset is empty")
    classes = list(model.description.classes)
    arrays = {name: (array,) for name, array in features.arrays.items()}
    examples = Examples(arrays, table.index.to_numpy(), class_indices(table["emotion"], classes))
    if adapted_to is None:
        probabilities = _probabilities(model, examples)
    else:
        probabilities = np.empty((len(table), len(classes)))
        for source in table[adapted_to].unique():
            of_source = (table[adapted_to] == source).to_numpy()
            probabilities[of_source] = _adapted_probabilities(model, examples.take(of_source))
    table = table.assign(predicted=np.array(classes)[probabilities.argmax(axis=1)])
    table[[f"p_{name}" for name in classes]] = probabilities
    return table.sort_values("utterance_id", ignore_index=True)


def _probabilities(model: Model, examples: Examples) -> np.ndarray:
    return np.concatenate([model.probabilities(chunk) for chunk in examples.chunks()])


def _adapted_probabilities(model: Model, examples: Examples) -> np.ndarray:
    """Of the examples of one source."""
    norms, trained = source_norms(model.classifier), held_statistics(model.classifier)
    if not norms:
        raise InputError(NOTHING_TO_ADAPT)
    own = drawn_towards(trained, embeddings(model.classifier, examples.chunks()))
    set_statistics(norms, torch.from_numpy(own))
    try:
        return _probabilities(model, examples)
    finally:
        set_statistics(norms, torch.from_numpy(trained))
