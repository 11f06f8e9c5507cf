"""Our own network: residual convolutions, attentive statistics over time."""

from itertools import pairwise

import torch
from torch import nn

from ser.models.blocks import Shapes, check_size
from ser.params import ConvolutionsParams

CHANNELS = (32, 64, 128)
HIDDEN = 256


class Network(nn.Module):
    """Stem and three residual blocks that halve both axes, attentive mean and deviation over time, linear.

    Every utterance is first normalised by its own mean and deviation: what a microphone or a voice adds to all of it
    does not matter. Its slope over time is a second channel.

    Args:
        n_classes: number of emotions.
        shapes: of the one array that it reads, (n_bands, n_frames); at least 16 of both.
        settings: ``conv_dropout``: share of values dropped after each residual block;
            ``dense_dropout``: share of values dropped before the last layer.

    Raises:
        InputError: the input is too small to be halved four times.

    Source:
        Residual blocks: He et al., "Deep residual learning for image recognition", CVPR 2016. Attentive statistics:
        Okabe et al., "Attentive statistics pooling for deep speaker embedding", Interspeech 2018.
    """

    def __init__(self, n_classes: int, shapes: Shapes, settings: ConvolutionsParams) -> None:
        super().__init__()
        ((n_bands, n_frames),) = shapes
        check_size(n_bands, n_frames, 1 + len(CHANNELS))
        self.stem = nn.Sequential(
            nn.Conv2d(2, CHANNELS[0], kernel_size=5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(CHANNELS[0]),
            nn.ReLU(),
        )
        self.blocks = nn.Sequential(
            *(_Residual(n_in, n_out, settings.conv_dropout) for n_in, n_out in pairwise((CHANNELS[0], *CHANNELS)))
        )
        n_rows = -(-n_bands // 16)
        self.project = nn.Sequential(nn.Linear(CHANNELS[-1] * n_rows, HIDDEN), nn.ReLU())
        self.attention = nn.Sequential(nn.Linear(HIDDEN, HIDDEN // 4), nn.Tanh(), nn.Linear(HIDDEN // 4, 1))
        self.dropout = nn.Dropout(settings.dense_dropout)
        self.linear = nn.Linear(2 * HIDDEN, n_classes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_bands, n_frames) to logits (batch, n_classes)."""
        deviation, mean = torch.std_mean(features, dim=(1, 2), keepdim=True)
        normalised = (features - mean) / (deviation + 1e-3)
        steep = normalised[:, :, 1:] - normalised[:, :, :-1]
        slope = torch.cat([steep[:, :, :1], (steep[:, :, 1:] + steep[:, :, :-1]) / 2, steep[:, :, -1:]], dim=2)
        maps = self.blocks(self.stem(torch.stack([normalised, slope], dim=1)))  # (batch, channels, bands, frames)
        steps = self.project(maps.flatten(1, 2).transpose(1, 2))  # (batch, frames, HIDDEN)
        weights = self.attention(steps).softmax(dim=1)  # (batch, frames, 1)
        centre = (weights * steps).sum(dim=1)
        spread = (weights * (steps - centre[:, None]) ** 2).sum(dim=1).clamp(min=1e-6).sqrt()
        logits: torch.Tensor = self.linear(self.dropout(torch.cat([centre, spread], dim=1)))
        return logits


class _Residual(nn.Module):
    """Two normalised 3x3 convolutions beside a shortcut; half the height and width."""

    def __init__(self, n_in: int, n_out: int, dropout: float) -> None:
        super().__init__()
        self.inside = nn.Sequential(
            nn.Conv2d(n_in, n_out, kernel_size=3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut = nn.Sequential(
            nn.Conv2d(n_in, n_out, kernel_size=1, stride=2, bias=False), nn.BatchNorm2d(n_out)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        added: torch.Tensor = self.dropout(torch.relu(self.inside(maps) + self.shortcut(maps)))
        return added
