"""A network for pretrained encoders: a learned mean of their layers, and a linear layer."""

import torch
from torch import nn

from ser.models.blocks import Shapes
from ser.params import LayerWeightedParams


class Network(nn.Module):
    """Layers weighted by a softmax, batch norm of every value, dropout, linear.

    Args:
        n_classes: number of emotions.
        shapes: of array ``encoder``: number of layers, the encoder's input included, and their width.
        settings: ``dropout``: share of values dropped before the linear layer.

    Source:
        Yang et al., "SUPERB", Interspeech 2021, section 3.2.
    """

    def __init__(self, n_classes: int, shapes: Shapes, settings: LayerWeightedParams) -> None:
        super().__init__()
        ((n_layers, width),) = shapes
        self.layer_logits = nn.Parameter(torch.zeros(n_layers))
        self.norm = nn.BatchNorm1d(width)
        self.dropout = nn.Dropout(settings.dropout)
        self.linear = nn.Linear(width, n_classes)

    def forward(self, layers: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_layers, width) to logits (batch, n_classes)."""
        mixed = torch.einsum("l,blw->bw", self.layer_logits.softmax(dim=0), layers)
        logits: torch.Tensor = self.linear(self.dropout(self.norm(mixed)))
        return logits
