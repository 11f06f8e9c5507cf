"""The model file: weights, and everything else that inference needs, in one safetensors file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from scipy.special import softmax

from ser.description import METADATA_KEY, ModelDescription, parse_description
from ser.errors import InputError
from ser.features import n_bands
from ser.models.classifier import Classifier, together
from ser.storage import replacing


@dataclass(frozen=True)
class Model:
    """A trained classifier in evaluation mode, and its description."""

    classifier: Classifier
    description: ModelDescription

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Map features (batch, n_bands, n_frames) to probabilities (batch, n_classes), float64."""
        logits = self.classifier.logits(features)
        probabilities: np.ndarray = softmax(logits / self.description.temperature, axis=1)
        return probabilities


def write_model(model: Model, path: Path) -> None:
    """Write one file, whole or not at all.

    Weights and standardisation are tensors; the description is JSON under the one metadata key ``ser``, one because
    safetensors does not keep the order of several, and the same model should give the same bytes.
    """
    with replacing(path, ".safetensors") as sibling:
        metadata = {METADATA_KEY: model.description.model_dump_json()}
        sibling.write_bytes(save(model.classifier.state_dict(), metadata))


def read_model(path: Path) -> Model:
    """Read a model file; nothing in it is ever run.

    Raises:
        InputError: there is no such file, it is damaged or of another kind, or its weights do not fit its architecture.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except FileNotFoundError:
        raise InputError(f"{path}: no such model file; `dvc repro` trains one") from None
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: not a readable model file: {error}") from None
    if METADATA_KEY not in metadata:
        raise InputError(f"{path}: a safetensors file, but not a model of this project: it has no description")
    description = parse_description(ModelDescription, metadata[METADATA_KEY], path)
    classifier = _fitting(description, state, path)
    if not all(bool(torch.isfinite(tensor).all()) for tensor in state.values()):
        raise InputError(f"{path}: the weights are not finite")
    return Model(classifier.eval(), description)


def _fitting(description: ModelDescription, state: dict[str, torch.Tensor], path: Path) -> Classifier:
    """The described network with these weights; nothing is allocated before they are known to fit."""
    front_end = description.front_end
    try:
        with torch.device("meta"):
            size = len(description.classes), n_bands(front_end), front_end.n_frames
            classifier = together([Classifier(description.architecture, *size) for _ in range(description.members)])
        kinds = {name: tensor.dtype for name, tensor in classifier.state_dict().items()}
        classifier.load_state_dict(state, assign=True)
    except (RuntimeError, InputError) as error:
        raise InputError(f"{path}: the weights do not fit the architecture: {error}") from None
    if any(state[name].dtype != kind for name, kind in kinds.items()):
        raise InputError(f"{path}: the weights do not fit the architecture: they are numbers of another kind")
    return classifier
