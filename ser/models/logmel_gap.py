"""The network of the published system `logmel-gap`: convolutions, global average pooling, one linear layer."""

from itertools import pairwise

import torch
from torch import nn

from ser.errors import InputError

CHANNELS = (16, 32, 64, 128)
SMALLEST = 2 ** (len(CHANNELS) - 1)


class LogMelGap(nn.Module):
    """Four 3x3 convolutions with ReLU, 2x2 max pooling between them; average over what is left; linear.

    The published description says "conv layers with ReLU, global average pooling, one linear layer" and no more. Layers
    that double their channels, and halve both axes between them, are what such a description most often means; there is
    no batch normalisation and no dropout because it names none.

    Args:
        n_classes: number of emotions.
        n_bands: rows of the input; at least 8.
        n_frames: columns of the input; at least 8.

    Raises:
        InputError: the input is too small to be halved three times.
    """

    def __init__(self, n_classes: int, n_bands: int, n_frames: int) -> None:
        super().__init__()
        if min(n_bands, n_frames) < SMALLEST:
            raise InputError(
                f"logmel_gap needs features of at least {SMALLEST} bands and frames, got {n_bands} x {n_frames}"
            )
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise((1, *CHANNELS)):
            layers += [nn.Conv2d(n_in, n_out, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.convolutions = nn.Sequential(*layers[:-1])
        self.linear = nn.Linear(CHANNELS[-1], n_classes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_bands, n_frames) to logits (batch, n_classes)."""
        maps = self.convolutions(features.unsqueeze(1))  # (batch, channels, n_bands // 8, n_frames // 8)
        logits: torch.Tensor = self.linear(maps.mean(dim=(2, 3)))
        return logits
