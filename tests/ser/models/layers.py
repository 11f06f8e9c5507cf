"""What a network does to its input, layer by layer."""

import torch
from torch import nn

Layer = tuple[str, tuple[int, ...], int]


def layers(network: nn.Module, n_bands: int, n_frames: int) -> list[Layer]:
    """Kind, shape of the output for one recording, and number of weights of every layer, in the order they act."""
    found: list[Layer] = []

    def note(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        weights = sum(parameter.numel() for parameter in layer.parameters())
        found.append((type(layer).__name__, tuple(output.shape[1:]), weights))

    for layer in network.modules():
        if not list(layer.children()):
            layer.register_forward_hook(note)
    network.eval()(torch.zeros(1, n_bands, n_frames))
    return found
