"""The model file: weights, and everything else that inference needs, in one safetensors file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
from pydantic import Field, Strict
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ser.errors import InputError
from ser.features import n_bands
from ser.models.classifier import Classifier
from ser.params import Architecture, FeatureParams, Section, validated
from ser.storage import replacing

METADATA_KEY = "ser"


class ModelDescription(Section):
    """What a model file says about its weights.

    Attributes:
        format: version of this description.
        architecture: a module of `ser.models`.
        classes: the emotions, in the order of the logits.
        front_end: how a recording becomes the network's input.
        trained_on: corpora whose utterances were trained on.
    """

    format: Literal[2]
    architecture: Architecture
    classes: Annotated[tuple[str, ...], Strict(False), Field(min_length=2, max_length=100)]
    front_end: FeatureParams
    trained_on: Annotated[tuple[str, ...], Strict(False)]


@dataclass(frozen=True)
class Model:
    """A trained classifier in evaluation mode, and its description."""

    classifier: Classifier
    description: ModelDescription


def write_model(model: Model, path: Path) -> None:
    """Write one file, whole or not at all.

    Weights and standardisation are tensors; the description is JSON under the one metadata key ``ser``, one because
    safetensors does not keep the order of several, and the same model should give the same bytes.
    """
    with replacing(path) as sibling:
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
    try:
        values = json.loads(metadata[METADATA_KEY])
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: its description is not JSON: {error}") from None
    description = validated(ModelDescription, values, f"{path}: description")
    front_end = description.front_end
    try:
        classifier = Classifier(
            description.architecture, len(description.classes), n_bands(front_end), front_end.n_frames
        )
        classifier.load_state_dict(state)
    except RuntimeError as error:
        raise InputError(f"{path}: the weights do not fit the architecture: {error}") from None
    if not all(bool(torch.isfinite(tensor).all()) for tensor in state.values()):
        raise InputError(f"{path}: the weights are not finite")
    return Model(classifier.eval(), description)
