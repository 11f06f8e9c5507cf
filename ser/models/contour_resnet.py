"""A network that follows contours through time: residual convolutions, attentive statistics."""

import torch
from torch import nn

from ser.front_ends.contours_functionals import HEARD, N_ROWS, VOICED
from ser.models.blocks import Shapes, check_size
from ser.params import ContourResnetParams

CHANNELS, WIDTH, N_BLOCKS = 96, 5, 2


class Network(nn.Module):
    """Stem and residual blocks that halve time, attentive mean and deviation of each channel, linear.

    Contours and their slopes are channels. Each is standardised over the frames in which it is known, and is 0, its
    mean, elsewhere.

    Args:
        n_classes: number of emotions.
        shapes: of array ``contours``, (N_ROWS, n_frames); at least 8 frames.
        settings: ``channel_dropout``: share of contours and slopes that are hidden in training; ``noise``: added to
            them in training, in deviations of each; ``conv_dropout``: share of values dropped inside each residual
            block; ``dense_dropout``: before the last layer.

    Raises:
        InputError: the contours have too few frames.

    Source:
        Residual blocks: He et al., "Deep residual learning for image recognition", CVPR 2016. Attentive statistics:
        Okabe et al., "Attentive statistics pooling for deep speaker embedding", Interspeech 2018.
    """

    standardises_input = True

    def __init__(self, n_classes: int, shapes: Shapes, settings: ContourResnetParams) -> None:
        super().__init__()
        ((n_bands, n_frames),) = shapes
        self.noise = settings.noise
        check_size(n_bands, n_frames, 1 + N_BLOCKS)
        self.standardise = _StandardiseKnown(HEARD)
        self.scale = nn.Sequential(nn.BatchNorm1d(HEARD + N_ROWS, affine=False), nn.Hardtanh(-5, 5))
        self.hide = nn.Dropout1d(settings.channel_dropout)
        self.stem = nn.Sequential(
            nn.Conv1d(HEARD + N_ROWS, CHANNELS, WIDTH, stride=2, padding=WIDTH // 2, bias=False),
            nn.BatchNorm1d(CHANNELS),
            nn.ReLU(),
        )
        self.blocks = nn.Sequential(*(_Residual(settings.conv_dropout) for _ in range(N_BLOCKS)))
        self.attention = nn.Conv1d(CHANNELS, CHANNELS, kernel_size=1)
        self.dropout = nn.Dropout(settings.dense_dropout)
        self.linear = nn.Linear(2 * CHANNELS, n_classes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, N_ROWS, n_frames) to logits (batch, n_classes)."""
        voiced, heard = features[:, VOICED : VOICED + 1] > 0, features[:, HEARD:N_ROWS] > 0
        known = torch.cat([(voiced & heard).expand(-1, VOICED, -1), heard.expand(-1, HEARD - VOICED, -1)], dim=1)
        contours = self.standardise(features[:, :HEARD], known.float())
        edge = torch.zeros_like(contours[:, :, :1])
        slopes = torch.cat([edge, contours[:, :, 2:] - contours[:, :, :-2], edge], dim=2)
        channels = self.scale(torch.cat([contours, slopes, heard.float()], dim=1))
        if self.training:
            channels = self.hide(channels + self.noise * torch.randn_like(channels))
        steps = self.blocks(self.stem(channels))  # (batch, CHANNELS, frames)
        weights = self.attention(steps).softmax(dim=2)
        centre = (weights * steps).sum(dim=2)
        spread = (weights * (steps - centre[:, :, None]) ** 2).sum(dim=2).clamp(min=1e-5).sqrt()
        logits: torch.Tensor = self.linear(self.dropout(torch.cat([centre, spread], dim=1)))
        return logits


class _StandardiseKnown(nn.Module):
    """Batch normalisation of contours over the frames in which each is known; elsewhere, and far off, it is cut."""

    mean: torch.Tensor
    variance: torch.Tensor

    def __init__(self, n_contours: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_contours))
        self.register_buffer("variance", torch.ones(n_contours))
        self.momentum = momentum

    def forward(self, contours: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """Standardise (batch, n_contours, n_frames); `known` is 0 or 1, of the same shape."""
        mean, variance = self.mean, self.variance
        if self.training:
            count = known.sum(dim=(0, 2)).clamp(min=1)
            mean = (contours * known).sum(dim=(0, 2)) / count
            variance = ((contours - mean[:, None]) ** 2 * known).sum(dim=(0, 2)) / count
            self.mean.lerp_(mean, self.momentum)
            self.variance.lerp_(variance, self.momentum)
        standard = (contours - mean[:, None]) / (variance[:, None] + 1e-5).sqrt()
        return standard.clamp(-5, 5) * known


class _Residual(nn.Module):
    """Two normalised convolutions beside a shortcut; half the frames."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.inside = nn.Sequential(
            nn.Conv1d(CHANNELS, CHANNELS, WIDTH, stride=2, padding=WIDTH // 2, bias=False),
            nn.BatchNorm1d(CHANNELS),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Conv1d(CHANNELS, CHANNELS, WIDTH, padding=WIDTH // 2, bias=False),
            nn.BatchNorm1d(CHANNELS),
        )
        self.shortcut = nn.Conv1d(CHANNELS, CHANNELS, kernel_size=1, stride=2, bias=False)

    def forward(self, steps: torch.Tensor) -> torch.Tensor:
        added: torch.Tensor = torch.relu(self.inside(steps) + self.shortcut(steps))
        return added
