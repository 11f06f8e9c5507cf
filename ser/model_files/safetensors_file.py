"""The model file: weights, and everything else that inference needs, in one safetensors file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from scipy.special import softmax

from ser.errors import InputError
from ser.features.front_end import shapes
from ser.model_files.description import MAX_BYTES, METADATA_KEY, ModelDescription, parse_description
from ser.model_files.probabilities import Answers, checked, doubted
from ser.model_files.source import distance
from ser.models.classifier import Classifier, ensemble
from ser.models.source import embeddings, held_statistics
from ser.storage import replacing

MAX_HEADER = 1 << 20
"""Bytes of a safetensors file's header; twenty of our largest networks side by side have a tenth of it."""

_KINDS = {torch.float32: "F32", torch.int64: "I64"}
"""What safetensors calls the numbers that our networks hold."""


@dataclass(frozen=True)
class Model:
    """A trained classifier in evaluation mode, and its description."""

    classifier: Classifier
    description: ModelDescription

    def probabilities(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Map arrays, (batch, *shape) each, to probabilities (batch, n_classes), float64.

        Raises:
            InputError: the network does not give probabilities.
        """
        logits = self.classifier.logits(arrays)
        probabilities = softmax(logits / self.description.temperature, axis=1)
        return checked(probabilities, (len(logits), len(self.description.classes)))

    def answers(self, arrays: Mapping[str, np.ndarray]) -> Answers:
        """Map arrays, (batch, *shape) each, to probabilities that are lower where a recording is unlike all training.

        Raises:
            InputError: the network does not give probabilities.
        """
        probabilities = self.probabilities(arrays)
        held = held_statistics(self.classifier)
        if not held.size or self.description.farthest is None:
            return Answers(probabilities, np.zeros(len(probabilities)))
        away = distance(embeddings(self.classifier, [arrays]), held) / self.description.farthest
        return doubted(probabilities, away)


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
        _check_sizes(path)
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if METADATA_KEY not in metadata:
                raise InputError(f"{path}: a safetensors file, but not a model of this project: it has no description")
            description = parse_description(ModelDescription, metadata[METADATA_KEY], path)
            classifier = _network(description, path)
            _check_tensors(classifier, file, path)
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except FileNotFoundError:
        raise InputError(f"{path}: no such model file; `dvc repro` trains one") from None
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: not a readable model file: {error}") from None
    if not all(bool(torch.isfinite(tensor).all()) for tensor in state.values()):
        raise InputError(f"{path}: the weights are not finite")
    classifier.load_state_dict(state, assign=True)
    return Model(classifier.eval(), description)


def _check_sizes(path: Path) -> None:
    """Look at the sizes that a file has and states before its header is read as a whole."""
    with path.open("rb") as file:
        n_header = int.from_bytes(file.read(8), "little")
        n_bytes = file.seek(0, os.SEEK_END)
    if n_bytes > MAX_BYTES:
        raise InputError(f"{path}: expected a model file of at most {MAX_BYTES:,} bytes, found {n_bytes:,}")
    if n_header > MAX_HEADER:
        raise InputError(
            f"{path}: not a readable model file: expected a header of at most {MAX_HEADER:,} bytes, found {n_header:,}"
        )


def _network(description: ModelDescription, path: Path) -> Classifier:
    """The described network without its weights: no memory is taken before they are known to fit."""
    try:
        with torch.device("meta"):
            sizes = len(description.classes), shapes(description.front_end)
            return ensemble([Classifier(*sizes, description.network) for _ in range(description.members)])
    except (RuntimeError, InputError) as error:
        raise InputError(f"{path}: the description does not fit the architecture: {error}") from None


def _check_tensors(classifier: Classifier, file: Any, path: Path) -> None:
    """Compare names, kinds and shapes with what the header says, before a tensor is read."""
    expected = {name: (_KINDS[tensor.dtype], list(tensor.shape)) for name, tensor in classifier.state_dict().items()}
    slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    found = {name: (one.get_dtype(), one.get_shape()) for name, one in slices.items()}
    for name in [*expected, *found]:
        if expected.get(name) != found.get(name):
            raise InputError(
                f"{path}: the weights do not fit the architecture: {name}: expected {_tensor(expected.get(name))},"
                f" found {_tensor(found.get(name))}"
            )


def _tensor(kind_and_shape: tuple[str, list[int]] | None) -> str:
    return "{} of shape {}".format(*kind_and_shape) if kind_and_shape else "no such tensor"
