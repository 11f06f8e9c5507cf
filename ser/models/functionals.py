"""A dense network that reads functionals, and not the contours above them."""

import torch
from torch import nn

from ser.front_ends.contours_functionals import N_ROWS, N_VALUES, check_rows

HIDDEN = 128
INPUT_DROPOUT, HIDDEN_DROPOUT = 0.8, 0.5
"""Thousands of functionals say much the same: of each example a fifth is shown."""


class Network(nn.Module):
    """Each functional standardised, what is far off cut; dropout; dense, ReLU, dropout; linear.

    Args:
        n_classes: number of emotions.
        n_bands: rows of the front end `contours_functionals`.
        n_frames: their columns.
        conv_dropout: has no place here.
        dense_dropout: has no place here.

    Raises:
        InputError: the input has other rows.
    """

    standardises_input = True

    def __init__(self, n_classes: int, n_bands: int, n_frames: int, conv_dropout: float, dense_dropout: float) -> None:  # noqa: ARG002
        super().__init__()
        check_rows(n_bands, n_frames)
        self.layers = nn.Sequential(
            nn.BatchNorm1d(N_VALUES, eps=1e-8, affine=False),  # some are small in their units
            nn.Hardtanh(-5, 5),
            nn.Dropout(INPUT_DROPOUT),
            nn.Linear(N_VALUES, HIDDEN),
            nn.ReLU(),
            nn.Dropout(HIDDEN_DROPOUT),
            nn.Linear(HIDDEN, n_classes),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_bands, n_frames) to logits (batch, n_classes)."""
        logits: torch.Tensor = self.layers(features[:, N_ROWS:].flatten(1)[:, :N_VALUES])
        return logits
