"""Our own network: convolutions hear the spectrogram, a dense network reads functionals; their logits add up."""

import torch
from torch import nn

from ser.models import attentive_resnet, functionals


class Network(nn.Module):
    """`attentive_resnet` and `functionals` side by side.

    In training each learns for itself: trained as one, whichever learns faster would leave nothing to the other.

    Args:
        n_classes: number of emotions.
        n_bands: rows of the front end `log_mel_functionals`, of at least 16 mel bands.
        n_frames: columns of the input; at least 16.
        conv_dropout: as in `attentive_resnet`.
        dense_dropout: as in `attentive_resnet`.

    Raises:
        InputError: the input has too few rows or columns.

    Source:
        Logits that add up are the product rule of Kittler et al., "On combining classifiers", IEEE Trans. PAMI 20(3),
        1998.
    """

    def __init__(self, n_classes: int, n_bands: int, n_frames: int, conv_dropout: float, dense_dropout: float) -> None:
        super().__init__()
        self.functionals = functionals.Network(n_classes, n_bands, n_frames, conv_dropout, dense_dropout)
        self.n_mels = self.functionals.n_mels
        self.spectral = attentive_resnet.Network(n_classes, self.n_mels, n_frames, conv_dropout, dense_dropout)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_bands, n_frames) to logits (batch, n_classes); in training, of each, (2, batch, n_classes)."""
        views = torch.stack([self.spectral(features[:, : self.n_mels]), self.functionals(features)])
        return views if self.training else views.sum(dim=0)
