"""What a network is trained on: rows of feature arrays and their classes, handed over in batches."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Examples:
    """Features and their classes.

    Attributes:
        arrays: each of shape (n, n_bands, n_frames), float32, on disk or in memory; taken as one, end to end.
        rows: which rows of that one are examples, shape (n_examples,).
        classes: the index of each example's emotion, shape (n_examples,).
    """

    arrays: tuple[np.ndarray, ...]
    rows: np.ndarray
    classes: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def concatenate(self, others: "Examples") -> "Examples":
        """These examples, and others behind them."""
        behind = others.rows + sum(len(array) for array in self.arrays)
        return Examples(
            self.arrays + others.arrays,
            np.concatenate([self.rows, behind]),
            np.concatenate([self.classes, others.classes]),
        )

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Read the features of some examples, float32, shape (len(indices), n_bands, n_frames)."""
        rows = self.rows[indices]
        features = np.empty((len(rows), *self.arrays[0].shape[1:]), dtype=np.float32)
        start = 0
        for array in self.arrays:
            here = (start <= rows) & (rows < start + len(array))
            features[here] = array[rows[here] - start]
            start += len(array)
        return features

    def chunks(self, size: int = 256) -> Iterator[np.ndarray]:
        """Read all features, some at a time, in order."""
        for start in range(0, len(self), size):
            yield self.read(np.arange(start, min(start + size, len(self))))

    def band_statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of every band over all examples and frames, each of shape (n_bands,)."""
        count = 0
        total, squares = np.zeros((2, self.arrays[0].shape[1]))
        for chunk in self.chunks():
            values = chunk.astype(np.float64)
            count += values.shape[0] * values.shape[2]
            total += values.sum(axis=(0, 2))
            squares += (values**2).sum(axis=(0, 2))
        mean = total / count
        return mean, np.sqrt(np.maximum(squares / count - mean**2, 0))
