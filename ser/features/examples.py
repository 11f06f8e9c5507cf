"""What a network is trained on: rows of feature arrays and their classes, handed over in batches."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Examples:
    """Features and their classes.

    Attributes:
        arrays: by name, one or several of shape (n, ...), float32, on disk or in memory; taken as one, end to end.
        rows: which rows of that one are examples, shape (n_examples,).
        classes: the index of each example's emotion, shape (n_examples,).
    """

    arrays: Mapping[str, tuple[np.ndarray, ...]]
    rows: np.ndarray
    classes: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array of one example."""
        return {name: parts[0].shape[1:] for name, parts in self.arrays.items()}

    def concatenate(self, others: "Examples") -> "Examples":
        """These examples, and others behind them, which have the same arrays."""
        n_rows = sum(len(part) for part in next(iter(self.arrays.values())))
        return Examples(
            {name: parts + others.arrays[name] for name, parts in self.arrays.items()},
            np.concatenate([self.rows, others.rows + n_rows]),
            np.concatenate([self.classes, others.classes]),
        )

    def take(self, chosen: np.ndarray) -> "Examples":
        """Some of these examples: their indices, or True for each that is taken."""
        return Examples(self.arrays, self.rows[chosen], self.classes[chosen])

    def read(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Read the features of some examples: by name, float32, shape (len(indices), ...)."""
        rows = self.rows[indices]
        return {name: _rows_of(parts, rows) for name, parts in self.arrays.items()}

    def chunks(self, size: int = 256) -> Iterator[dict[str, np.ndarray]]:
        """Read all features, some at a time, in order."""
        for start in range(0, len(self), size):
            yield self.read(np.arange(start, min(start + size, len(self))))

    def band_statistics(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Mean and standard deviation of every band, by array: over all examples and frames, each of shape (n_bands,).

        An array's bands are what its first axis counts.
        """
        count = dict.fromkeys(self.arrays, 0)
        total, squares = ({name: np.zeros(shape[0]) for name, shape in self.shapes.items()} for _ in range(2))
        for chunk in self.chunks():
            for name, features in chunk.items():
                values = features.astype(np.float64).reshape(*features.shape[:2], -1)
                count[name] += values.shape[0] * values.shape[2]
                total[name] += values.sum(axis=(0, 2))
                squares[name] += (values**2).sum(axis=(0, 2))
        means = {name: total[name] / count[name] for name in self.arrays}
        return {
            name: (mean, np.sqrt(np.maximum(squares[name] / count[name] - mean**2, 0))) for name, mean in means.items()
        }


def _rows_of(parts: tuple[np.ndarray, ...], rows: np.ndarray) -> np.ndarray:
    """These rows of the parts, taken end to end."""
    features = np.empty((len(rows), *parts[0].shape[1:]), dtype=np.float32)
    start = 0
    for part in parts:
        here = (start <= rows) & (rows < start + len(part))
        features[here] = part[rows[here] - start]
        start += len(part)
    return features
