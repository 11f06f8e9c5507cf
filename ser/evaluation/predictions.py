"""The test subset, read once: what the model says of every test utterance."""

import numpy as np
import pandas as pd

from ser.errors import InputError
from ser.features.examples import Examples
from ser.features.store import FeatureStore
from ser.features.subsets import class_indices, select_test_rows
from ser.model_files.safetensors_file import Model


def predict_test(model: Model, features: FeatureStore, splits: pd.DataFrame) -> pd.DataFrame:
    """Classify the test utterances.

    Args:
        model: the trained model.
        features: of all utterances, made by the model's own front end.
        splits: utterance_id and subset.

    Returns:
        One row per test utterance, sorted by utterance_id: utterance_id, corpus, speaker, gender, emotion (the actual
        one), predicted, and the probability of each class as ``p_EMOTION``.

    Raises:
        InputError: the features come from another front end than the model's, or test has an emotion that the model
            does not know, or no utterance.
    """
    if features.front_end != model.description.front_end:
        raise InputError("the features were made by another front end than the model's; run `dvc repro`")
    table = select_test_rows(features, splits)
    if table.empty:
        raise InputError("the test subset is empty")
    classes = list(model.description.classes)
    arrays = {name: (array,) for name, array in features.arrays.items()}
    examples = Examples(arrays, table.index.to_numpy(), class_indices(table["emotion"], classes))
    probabilities = np.concatenate([model.probabilities(chunk) for chunk in examples.chunks()])
    table = table.assign(predicted=np.array(classes)[probabilities.argmax(axis=1)])
    table[[f"p_{name}" for name in classes]] = probabilities
    return table.sort_values("utterance_id", ignore_index=True)
