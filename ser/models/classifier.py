"""A network together with the standardisation of its input: what is trained, saved and used."""

import math
from collections.abc import Sequence
from importlib import import_module

import numpy as np
import torch
from torch import nn

from ser.params import Architecture


class Classifier(nn.Module):
    """Standardise the features band by band, if the network does not do it itself, then apply the network.

    Args:
        architecture: a module of `ser.models`.
        n_classes: number of emotions.
        n_bands: rows of the features.
        n_frames: columns of the features.
        conv_dropout: share of values dropped in training; no matter in use.
        dense_dropout: share of values dropped in training; no matter in use.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(
        self,
        architecture: Architecture,
        n_classes: int,
        n_bands: int,
        n_frames: int,
        conv_dropout: float = 0.0,
        dense_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_bands, 1))
        self.register_buffer("deviation", torch.ones(n_bands, 1))
        network = import_module(f"ser.models.{architecture}").Network
        self.network: nn.Module = network(n_classes, n_bands, n_frames, conv_dropout, dense_dropout)

    def standardise_by(self, mean: np.ndarray, deviation: np.ndarray) -> None:
        """Set the mean and the standard deviation of each band, shape (n_bands,); not if `standardises_input`."""
        if getattr(self.network, "standardises_input", False):
            return
        self.mean.copy_(torch.from_numpy(mean)[:, None])
        self.deviation.copy_(torch.from_numpy(np.maximum(deviation, 1e-3))[:, None])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map features (batch, n_bands, n_frames) to logits (batch, n_classes), or as the network does in training."""
        logits: torch.Tensor = self.network((features - self.mean) / self.deviation)
        return logits

    @torch.inference_mode()
    def logits(self, features: np.ndarray) -> np.ndarray:
        """Map features (batch, n_bands, n_frames) to logits (batch, n_classes), float64."""
        logits: np.ndarray = self(torch.from_numpy(features)).double().numpy()
        return logits


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

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_bands, n_frames) to the logarithm of the mean probabilities (batch, n_classes)."""
        voices = torch.stack([member(features).log_softmax(dim=1) for member in self.members])
        logits: torch.Tensor = voices.logsumexp(dim=0) - math.log(len(self.members))
        return logits
