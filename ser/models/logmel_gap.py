"""The network of the published system `logmel-gap`: convolutions, global average pooling, one linear layer."""

from itertools import pairwise

import torch
from torch import nn

from ser.models.blocks import Shapes, check_size
from ser.params import ConvolutionsParams

CHANNELS = (16, 32, 64, 128)


class Network(nn.Module):
    """Four 3x3 convolutions with ReLU, 2x2 max pooling between them; average over what is left; linear.

    The published description says "conv layers with ReLU, global average pooling, one linear layer" and no more. Layers
    that double their channels, and halve both axes between them, are what such a description most often means; there is
    no batch normalisation because it names none.

    Args:
        n_classes: number of emotions.
        shapes: of the one array that it reads, (n_bands, n_frames); at least 8 of both.
        settings: ``conv_dropout``: share of values dropped after each pooling; the description names none;
            ``dense_dropout``: share of values dropped before the linear layer; the description names none.

    Raises:
        InputError: the input is too small to be halved three times.
    """

    def __init__(self, n_classes: int, shapes: Shapes, settings: ConvolutionsParams) -> None:
        super().__init__()
        ((n_bands, n_frames),) = shapes
        check_size(n_bands, n_frames, len(CHANNELS) - 1)
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise((1, *CHANNELS)):
            convolution = nn.Conv2d(n_in, n_out, kernel_size=3, padding=1)
            layers += [convolution, nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(settings.conv_dropout)]
        self.convolutions = nn.Sequential(*layers[:-2])
        self.dropout = nn.Dropout(settings.dense_dropout)
        self.linear = nn.Linear(CHANNELS[-1], n_classes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_bands, n_frames) to logits (batch, n_classes)."""
        maps = self.convolutions(features.unsqueeze(1))  # (batch, channels, n_bands // 8, n_frames // 8)
        logits: torch.Tensor = self.linear(self.dropout(maps.mean(dim=(2, 3))))
        return logits
