"""A dense network that reads functionals, and not the spectrogram above them."""

import torch
from torch import nn

from ser.errors import InputError
from ser.front_ends.log_mel_functionals import N_VALUES, n_rows

HIDDEN = 128
INPUT_DROPOUT, HIDDEN_DROPOUT = 0.8, 0.5
"""Thousands of functionals say much the same: of each example a fifth is shown."""


class Network(nn.Module):
    """Each functional standardised, what is far off cut; dropout; dense, ReLU, dropout; linear.

    Args:
        n_classes: number of emotions.
        n_bands: rows of the front end `log_mel_functionals`.
        n_frames: their columns.
        conv_dropout: has no place here.
        dense_dropout: has no place here.

    Raises:
        InputError: the input has too few rows.
    """

    def __init__(self, n_classes: int, n_bands: int, n_frames: int, conv_dropout: float, dense_dropout: float) -> None:  # noqa: ARG002
        super().__init__()
        self.n_mels = n_bands - n_rows(n_frames)
        if self.n_mels < 1:
            raise InputError(f"this network needs features of front end log_mel_functionals, found {n_bands} rows")
        self.layers = nn.Sequential(
            nn.BatchNorm1d(N_VALUES, affine=False),
            nn.Hardtanh(-5, 5),
            nn.Dropout(INPUT_DROPOUT),
            nn.Linear(N_VALUES, HIDDEN),
            nn.ReLU(),
            nn.Dropout(HIDDEN_DROPOUT),
            nn.Linear(HIDDEN, n_classes),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_bands, n_frames) to logits (batch, n_classes)."""
        logits: torch.Tensor = self.layers(features[:, self.n_mels :].flatten(1)[:, :N_VALUES])
        return logits
