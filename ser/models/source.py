"""A classifier told which source it hears: what it standardises, and by what."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import nn

from ser.models.blocks import SourceNorm
from ser.models.classifier import Classifier


def source_norms(network: nn.Module) -> list[SourceNorm]:
    """Find those of a network, or of all networks of an ensemble, in their order."""
    return [module for module in network.modules() if isinstance(module, SourceNorm)]


@torch.inference_mode()
def embeddings(classifier: Classifier, chunks: Iterable[Mapping[str, np.ndarray]]) -> np.ndarray:
    """Find what a classifier in use standardises by source: of all its networks, side by side.

    Args:
        classifier: with at least one `SourceNorm`.
        chunks: arrays, (batch, *shape) each, by name.

    Returns:
        float32, shape (n_recordings, n_values).
    """
    rows = []
    for chunk in chunks:
        classifier({name: torch.from_numpy(chunk[name]) for name in classifier.reads})
        rows.append(torch.cat([norm.heard for norm in source_norms(classifier)], dim=1).numpy())
    return np.concatenate(rows)


def held_statistics(classifier: Classifier) -> np.ndarray:
    """The mean and the deviation that a classifier standardises by: float32, shape (2, n_values).

    Without a `SourceNorm`, n_values is 0.
    """
    held = [torch.stack([norm.mean, norm.deviation]) for norm in source_norms(classifier)]
    return torch.cat(held, dim=1).numpy() if held else np.empty((2, 0), np.float32)


def set_statistics(norms: Sequence[SourceNorm], given: torch.Tensor) -> None:
    """Have them standardise by these, shape (2, n_values)."""
    start = 0
    for norm in norms:
        end = start + norm.width
        norm.mean, norm.deviation = given[0, start:end].clone(), given[1, start:end].clone()
        start = end
