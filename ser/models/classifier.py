"""A network together with the standardisation of its input: what is trained, saved and used."""

import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import nn

from ser.errors import InputError
from ser.models.blocks import Shapes
from ser.params import NetworkParams, Networks


class NetworkModule(Protocol):
    """What a module of `ser.models` is that holds a network."""

    def Network(self, n_classes: int, shapes: Shapes, settings: NetworkParams) -> nn.Module:  # noqa: N802 (a class)
        """Make one for arrays of these shapes."""


class Classifier(nn.Module):
    """Standardise each array band by band, if the network does not do it itself, then apply the network.

    Args:
        n_classes: number of emotions.
        shapes: of the arrays of one recording, by name; others than the network reads may be there.
        networks: which network, and its settings.

    Attributes:
        reads: the names of the arrays that the network reads, in its order.

    Raises:
        InputError: the network does not read such arrays, or they are too small.
    """

    def __init__(self, n_classes: int, shapes: Mapping[str, tuple[int, ...]], networks: Networks) -> None:
        super().__init__()
        try:
            self.reads = networks.reads(shapes)
        except ValueError as error:
            raise InputError(str(error)) from None
        module = cast("NetworkModule", import_module(f"ser.models.{networks.architecture}"))
        self.network = module.Network(n_classes, [shapes[name] for name in self.reads], networks.settings)
        standardised = () if getattr(self.network, "standardises_input", False) else self.reads
        self.standardise = nn.ModuleDict({name: _Standardise(shapes[name]) for name in standardised})

    def standardise_by(self, statistics: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
        """Set mean and standard deviation of each band, shape (n_bands,), of each array that is standardised."""
        for name, layer in self.standardise.items():
            cast("_Standardise", layer).set(*statistics[name])

    def load_initial_weights(self) -> None:
        """Begin with weights that others published, if the network does.

        Raises:
            InputError: they cannot be had, or do not fit.
        """
        begin = getattr(self.network, "load_initial_weights", None)
        if begin:
            begin()

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """The weights that learn together, for an optimizer: at this rate, if the network has no rates of its own."""
        own = getattr(self.network, "parameter_groups", None)
        groups: list[dict[str, Any]] = own(learning_rate) if own else [{"params": list(self.parameters())}]
        return groups

    def forward(self, arrays: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Map arrays, (batch, *shape) each, to logits (batch, n_classes), or as the network does in training."""
        read = (arrays[name] for name in self.reads)
        if self.standardise:
            read = (self.standardise[name](arrays[name]) for name in self.reads)
        logits: torch.Tensor = self.network(*read)
        return logits

    @torch.inference_mode()
    def logits(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Map arrays, (batch, *shape) each, to logits (batch, n_classes), float64."""
        logits: np.ndarray = self({name: torch.from_numpy(arrays[name]) for name in self.reads}).double().numpy()
        return logits


class _Standardise(nn.Module):
    """Bands brought to mean 0 and deviation 1."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        bands = shape[0], *[1] * (len(shape) - 1)
        self.register_buffer("mean", torch.zeros(bands))
        self.register_buffer("deviation", torch.ones(bands))

    def set(self, mean: np.ndarray, deviation: np.ndarray) -> None:
        self.mean.copy_(torch.from_numpy(mean).view_as(self.mean))
        self.deviation.copy_(torch.from_numpy(np.maximum(deviation, 1e-3)).view_as(self.deviation))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return (features - self.mean) / self.deviation


def ensemble(members: Sequence[Classifier]) -> Classifier:
    """Make one classifier of several that standardise alike: the mean of their probabilities.

    Args:
        members: the first is changed, and given back.
    """
    first = members[0]
    if len(members) > 1:
        first.network = _Ensemble([member.network for member in members]).train(first.training)
    return first


class _Ensemble(nn.Module):
    """Networks that are asked side by side."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(networks)

    def forward(self, *arrays: torch.Tensor) -> torch.Tensor:
        """Map arrays, (batch, *shape) each, to the logarithm of the mean probabilities (batch, n_classes)."""
        voices = torch.stack([member(*arrays).log_softmax(dim=1) for member in self.members])
        logits: torch.Tensor = voices.logsumexp(dim=0) - math.log(len(self.members))
        return logits
