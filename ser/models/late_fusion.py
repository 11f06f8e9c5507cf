"""Our own network: convolutions follow contours, a dense network reads their functionals; their logits add up."""

import torch
from torch import nn

from ser.models import contour_resnet, functionals
from ser.models.blocks import Shapes
from ser.params import LateFusionParams


class Network(nn.Module):
    """`contour_resnet` and `functionals` side by side.

    In training each learns for itself: trained as one, whichever learns faster would leave nothing to the other.

    Args:
        n_classes: number of emotions.
        shapes: of arrays ``contours`` and ``functionals``.
        settings: of each of the two.

    Raises:
        InputError: the contours have too few frames.

    Source:
        Logits that add up are the product rule of Kittler et al., "On combining classifiers", IEEE Trans. PAMI 20(3),
        1998.
    """

    standardises_input = True

    def __init__(self, n_classes: int, shapes: Shapes, settings: LateFusionParams) -> None:
        super().__init__()
        of_contours, of_functionals = shapes
        follows = contour_resnet.Network(n_classes, [of_contours], settings.contour_resnet)
        sums_up = functionals.Network(n_classes, [of_functionals], settings.functionals)
        self.views = nn.ModuleList([follows, sums_up])

    def forward(self, contours: torch.Tensor, functionals: torch.Tensor) -> torch.Tensor:
        """Map (batch, N_ROWS, n_frames) and (batch, n_values) to logits (batch, n_classes).

        In training, to those of each view, (2, batch, n_classes).
        """
        follows, sums_up = self.views
        logits = torch.stack([follows(contours), sums_up(functionals)])
        return logits if self.training else logits.sum(dim=0)
