"""A dense network that reads functionals."""

import torch
from torch import nn

from ser.models.blocks import Shapes
from ser.params import FunctionalsParams

HIDDEN = 128


class Network(nn.Module):
    """Each functional standardised, what is far off cut; dropout; dense, ReLU, dropout; linear.

    Args:
        n_classes: number of emotions.
        shapes: of array ``functionals``: how many there are.
        settings: ``input_dropout`` and ``hidden_dropout``: shares of functionals and of hidden values dropped.
            Thousands of functionals say much the same, so that a fifth of them will do for each example.
    """

    standardises_input = True

    def __init__(self, n_classes: int, shapes: Shapes, settings: FunctionalsParams) -> None:
        super().__init__()
        ((n_values,),) = shapes
        self.layers = nn.Sequential(
            nn.BatchNorm1d(n_values, eps=1e-8, affine=False),  # some are small in their units
            nn.Hardtanh(-5, 5),
            nn.Dropout(settings.input_dropout),
            nn.Linear(n_values, HIDDEN),
            nn.ReLU(),
            nn.Dropout(settings.hidden_dropout),
            nn.Linear(HIDDEN, n_classes),
        )

    def forward(self, functionals: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_values) to logits (batch, n_classes)."""
        logits: torch.Tensor = self.layers(functionals)
        return logits
