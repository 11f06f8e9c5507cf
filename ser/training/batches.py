"""Examples in batches, in their own order or shuffled."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from ser.features.examples import Examples

Batch = tuple[dict[str, torch.Tensor], torch.Tensor]
"""Arrays by name, (batch, ...) each, float32, and classes (batch,), int64."""


class _BatchReader(Dataset[Batch]):
    """Reads a whole batch at once, which from a mapped array is much quicker than example by example."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def __getitems__(self, indices: list[int]) -> Batch:
        chosen = np.asarray(indices)
        arrays = {name: torch.from_numpy(array) for name, array in self.examples.read(chosen).items()}
        return arrays, torch.from_numpy(self.examples.classes[chosen])


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
    """Hand the examples over in batches, in their own order, or shuffled anew every epoch."""
    sampler = None if shuffle_seed is None else _Shuffled(len(examples), shuffle_seed)
    return DataLoader(
        _BatchReader(examples),
        batch_size=batch_size,
        sampler=sampler,
        collate_fn=lambda batch: batch,
        generator=torch.Generator(),  # its own: what it draws from the global one would depend on when it starts
    )
