"""Our own network: convolutions follow contours, a dense network reads their functionals; their logits add up."""

import torch
from torch import nn

from ser.models import contour_resnet, functionals


class Network(nn.Module):
    """`contour_resnet` and `functionals` side by side.

    In training each learns for itself: trained as one, whichever learns faster would leave nothing to the other.

    Args:
        n_classes: number of emotions.
        n_bands: rows of the front end `contours_functionals`.
        n_frames: columns of the input; at least 8.
        conv_dropout: as in `contour_resnet`.
        dense_dropout: as in `contour_resnet`.

    Raises:
        InputError: the input has too few rows or columns.

    Source:
        Logits that add up are the product rule of Kittler et al., "On combining classifiers", IEEE Trans. PAMI 20(3),
        1998.
    """

    standardises_input = True

    def __init__(self, n_classes: int, n_bands: int, n_frames: int, conv_dropout: float, dense_dropout: float) -> None:
        super().__init__()
        sizes = n_classes, n_bands, n_frames, conv_dropout, dense_dropout
        self.views = nn.ModuleList([contour_resnet.Network(*sizes), functionals.Network(*sizes)])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_bands, n_frames) to logits (batch, n_classes); in training, of each, (2, batch, n_classes)."""
        logits = torch.stack([view(features) for view in self.views])
        return logits if self.training else logits.sum(dim=0)
