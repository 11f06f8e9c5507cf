"""What a network is trained on: rows of feature arrays and their classes, handed over in batches."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

Batch = tuple[torch.Tensor, torch.Tensor]


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

    def and_also(self, others: "Examples") -> "Examples":
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


class _BatchReader(Dataset[Batch]):
    """Reads a whole batch at once, which from a mapped array is much quicker than example by example."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def __getitems__(self, indices: list[int]) -> Batch:
        chosen = np.asarray(indices)
        return torch.from_numpy(self.examples.read(chosen)), torch.from_numpy(self.examples.classes[chosen])


class _Shuffled(Sampler[int]):
    """A new order every epoch, which depends on the seed and the epoch's number alone, so that a resumed run agrees."""

    def __init__(self, n_examples: int, seed: int) -> None:
        self.n_examples, self.seed, self.epoch = n_examples, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.n_examples

    def __iter__(self) -> Iterator[int]:
        return iter(np.random.default_rng([self.seed, self.epoch]).permutation(self.n_examples).tolist())


def batches(examples: Examples, batch_size: int, shuffle_seed: int | None = None) -> DataLoader[Batch]:
    """Hand the examples over in batches, in their own order, or shuffled anew every epoch.

    Returns:
        Pairs of features (batch, n_bands, n_frames), float32, and classes (batch,), int64.
    """
    sampler = None if shuffle_seed is None else _Shuffled(len(examples), shuffle_seed)
    return DataLoader(
        _BatchReader(examples),
        batch_size=batch_size,
        sampler=sampler,
        collate_fn=lambda batch: batch,
        generator=torch.Generator(),  # its own: what it draws from the global one would depend on when it starts
    )
