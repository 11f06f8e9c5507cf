"""The network of the published system `logmel-gap`: convolutions, global average pooling, one linear layer."""

import torch
from torch import nn

CHANNELS = (32, 64, 128)


class LogMelGap(nn.Module):
    """Three 3x3 convolutions with ReLU, the first two followed by 2x2 max pooling; average over what is left; linear.

    The published description says "conv layers with ReLU, global average pooling, one linear layer" and no more. Three
    layers that double their channels, and halving both axes between them, are what such a description most often means;
    there is no batch normalisation and no dropout because it names none.

    Args:
        n_classes: number of emotions.
        n_bands: rows of the input; any number works.
        n_frames: columns of the input; any number works.
    """

    def __init__(self, n_classes: int, n_bands: int, n_frames: int) -> None:  # noqa: ARG002
        super().__init__()
        first, second, third = CHANNELS
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, first, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(first, second, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(second, third, kernel_size=3, padding=1),
            nn.ReLU(),
        )
        self.linear = nn.Linear(third, n_classes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_bands, n_frames) to logits (batch, n_classes)."""
        maps = self.convolutions(features.unsqueeze(1))  # (batch, channels, n_bands / 4, n_frames / 4)
        logits: torch.Tensor = self.linear(maps.mean(dim=(2, 3)))
        return logits
