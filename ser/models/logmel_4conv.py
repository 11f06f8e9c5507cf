"""The network of the published system `logmel-4conv`: four normalised convolutions, global average pooling."""

from itertools import pairwise

import torch
from torch import nn

from ser.models.blocks import Shapes, check_size, conv_block
from ser.params import ConvolutionsParams

CHANNELS = (32, 64, 128, 256)


class Network(nn.Module):
    """Convolutions 32, 64, 128, 256 with batch norm, ReLU, max pooling, dropout; global average pooling; linear.

    The published description gives channels, batch norm, "dropout 0.25-0.4" and global average pooling. The lower end
    is read as the dropout after the convolutions, the upper as that before the linear layer.

    Args:
        n_classes: number of emotions.
        shapes: of the one array that it reads, (n_bands, n_frames); at least 16 of both.
        settings: ``conv_dropout``: share of values dropped after each convolution;
            ``dense_dropout``: share of values dropped before the linear layer.

    Raises:
        InputError: the input is too small to be halved four times.
    """

    def __init__(self, n_classes: int, shapes: Shapes, settings: ConvolutionsParams) -> None:
        super().__init__()
        ((n_bands, n_frames),) = shapes
        check_size(n_bands, n_frames, len(CHANNELS))
        self.convolutions = nn.Sequential(
            *(conv_block(n_in, n_out, settings.conv_dropout) for n_in, n_out in pairwise((1, *CHANNELS)))
        )
        self.dropout = nn.Dropout(settings.dense_dropout)
        self.linear = nn.Linear(CHANNELS[-1], n_classes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_bands, n_frames) to logits (batch, n_classes)."""
        maps = self.convolutions(features.unsqueeze(1))  # (batch, 256, n_bands // 16, n_frames // 16)
        logits: torch.Tensor = self.linear(self.dropout(maps.mean(dim=(2, 3))))
        return logits
