"""The architectures that can be trained: one module each, and the registry that names them."""

from collections.abc import Callable

from torch import nn

from ser.models.logmel_gap import LogMelGap

ARCHITECTURES: dict[str, Callable[[int, int, int], nn.Module]] = {
    "logmel_gap": LogMelGap,
}
"""From a name in ``train.model`` to what makes the network for (n_classes, n_bands, n_frames).

A network takes standardised features of shape (batch, n_bands, n_frames) and gives logits (batch, n_classes).
"""
