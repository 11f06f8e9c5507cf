"""A network for pretrained encoders: a learned mean of their layers, and a linear layer."""

import torch
from torch import nn


class Network(nn.Module):
    """Layers weighted by a softmax, batch norm of every value, dropout, linear.

    Args:
        n_classes: number of emotions.
        n_bands: number of layers, the encoder's input included.
        n_frames: width of a layer.
        conv_dropout: has no place here.
        dense_dropout: share of values dropped before the linear layer.

    Source:
        Yang et al., "SUPERB", Interspeech 2021, section 3.2.
    """

    def __init__(self, n_classes: int, n_bands: int, n_frames: int, conv_dropout: float, dense_dropout: float) -> None:  # noqa: ARG002
        super().__init__()
        self.layer_logits = nn.Parameter(torch.zeros(n_bands))
        self.norm = nn.BatchNorm1d(n_frames)
        self.dropout = nn.Dropout(dense_dropout)
        self.linear = nn.Linear(n_frames, n_classes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_bands, n_frames) to logits (batch, n_classes)."""
        mixed = torch.einsum("l,blw->bw", self.layer_logits.softmax(dim=0), features)
        logits: torch.Tensor = self.linear(self.dropout(self.norm(mixed)))
        return logits
