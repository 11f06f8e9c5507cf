"""What several architectures are made of."""

from collections.abc import Sequence

import torch
from torch import nn

from ser.errors import InputError

Shapes = Sequence[tuple[int, ...]]
"""Of the arrays of one recording that a network reads, in its order."""

_MOMENTUM, _EPSILON = 0.1, 1e-5


def conv_block(
    n_in: int, n_out: int, dropout: float, *, convolutions: int = 1, batch_norm: bool = True
) -> nn.Sequential:
    """3x3 convolutions with ReLU, then 2x2 max pooling and dropout.

    Args:
        n_in: channels of the input.
        n_out: channels of the output, which has half the height and width.
        dropout: share of values dropped.
        convolutions: how many.
        batch_norm: whether each is normalised before its ReLU.
    """
    layers: list[nn.Module] = []
    for n_before in (n_in, *[n_out] * (convolutions - 1)):
        layers.append(nn.Conv2d(n_before, n_out, kernel_size=3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(n_out))
        layers.append(nn.ReLU())
    # ReLU and maximum commute: behind the pooling there is a quarter of the values to look at.
    layers.insert(-1, nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Dropout(dropout))


def check_size(n_bands: int, n_frames: int, n_poolings: int) -> None:
    """Refuse features that cannot be halved so often.

    Raises:
        InputError: they have too few bands or frames.
    """
    smallest = 2**n_poolings
    if min(n_bands, n_frames) < smallest:
        raise InputError(
            f"this network needs features of at least {smallest} bands and frames, found {n_bands} x {n_frames}"
        )


class ConvolutionsThenDense(nn.Module):
    """Blocks of convolutions, flattened; a dense layer with ReLU; dropout; linear.

    Args:
        blocks: each halves both axes.
        n_flat: values that the last block gives.
        n_hidden: width of the dense layer.
        n_classes: number of emotions.
        dropout: share of values dropped before the last layer.
    """

    def __init__(self, blocks: Sequence[nn.Module], n_flat: int, n_hidden: int, n_classes: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *blocks,
            nn.Flatten(),
            nn.Linear(n_flat, n_hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(n_hidden, n_classes),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_bands, n_frames) to logits (batch, n_classes)."""
        logits: torch.Tensor = self.layers(features.unsqueeze(1))
        return logits


class SourceNorm(nn.Module):
    """Brings each value of an embedding to mean 0 and deviation 1, of the source that is heard.

    What tells sources apart, a room, a language, the pitch of a voice, moves an embedding as much as emotions do. In
    training, the batch's own mean and deviation standardise, as in batch normalisation. In use, those that it holds:
    running means of the batches', until `ser.models.source.set_statistics` sets others: a source's own recordings give
    them, and no labels are needed.

    Args:
        width: values of an embedding.

    Attributes:
        heard: in use, what it was given last, (batch, width).

    Source:
        Li et al., "Revisiting batch normalization for practical domain adaptation", ICLR workshop, 2017; of each
        speaker: Busso et al., "Iterative feature normalization scheme for automatic emotion detection from speech",
        IEEE Trans. Affective Computing 4(4), 2013.
    """

    mean: torch.Tensor
    deviation: torch.Tensor
    heard: torch.Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        """Standardise (batch, width)."""
        embedding = embedding.float()
        mean, deviation = self.mean, self.deviation
        if self.training:
            mean = embedding.mean(dim=0)
            deviation = (embedding.var(dim=0, correction=0) + _EPSILON).sqrt()
            self.mean.lerp_(mean.detach(), _MOMENTUM)
            self.deviation.lerp_(deviation.detach(), _MOMENTUM)
        else:
            self.heard = embedding
        return (embedding - mean) / deviation
