import pytest
import torch

from ser.errors import InputError
from ser.models.mfcc_dense import Network
from ser.params import ConvolutionsParams
from tests.ser.models.layers import layers

SETTINGS = ConvolutionsParams(conv_dropout=0.0, dense_dropout=0.0)


def test_layers_and_weights_at_the_presets_shape() -> None:
    assert layers(Network(8, [(40, 130)], SETTINGS), 40, 130) == [
        ("Conv2d", (32, 40, 130), 32 * (3 * 3 * 1 + 1)),
        ("MaxPool2d", (32, 20, 65), 0),
        ("ReLU", (32, 20, 65), 0),
        ("Dropout", (32, 20, 65), 0),
        ("Conv2d", (64, 20, 65), 64 * (3 * 3 * 32 + 1)),
        ("MaxPool2d", (64, 10, 32), 0),
        ("ReLU", (64, 10, 32), 0),
        ("Dropout", (64, 10, 32), 0),
        ("Flatten", (64 * 10 * 32,), 0),
        ("Linear", (128,), 128 * (64 * 10 * 32 + 1)),
        ("ReLU", (128,), 0),
        ("Dropout", (128,), 0),
        ("Linear", (8,), 8 * (128 + 1)),
    ]


@pytest.mark.parametrize(("n_bands", "n_frames"), [(3, 130), (40, 3)])
def test_what_cannot_be_halved_two_times_is_refused(n_bands: int, n_frames: int) -> None:
    with pytest.raises(InputError, match=f"at least 4 bands and frames, found {n_bands} x {n_frames}$"):
        Network(8, [(n_bands, n_frames)], SETTINGS)
    assert Network(8, [(4, 4)], SETTINGS)(torch.zeros(1, 4, 4)).shape == (1, 8)
