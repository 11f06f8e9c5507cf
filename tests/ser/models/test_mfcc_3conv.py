import pytest
import torch

from ser.errors import InputError
from ser.models.mfcc_3conv import Network
from ser.params import ConvolutionsParams
from tests.ser.models.layers import layers

SETTINGS = ConvolutionsParams(conv_dropout=0.0, dense_dropout=0.3)


def test_layers_and_weights_at_the_published_shape() -> None:
    assert layers(Network(8, [(40, 174)], SETTINGS), 40, 174) == [
        ("Conv2d", (16, 40, 174), 16 * (3 * 3 * 1 + 1)),
        ("BatchNorm2d", (16, 40, 174), 2 * 16),
        ("MaxPool2d", (16, 20, 87), 0),
        ("ReLU", (16, 20, 87), 0),
        ("Dropout", (16, 20, 87), 0),
        ("Conv2d", (32, 20, 87), 32 * (3 * 3 * 16 + 1)),
        ("BatchNorm2d", (32, 20, 87), 2 * 32),
        ("MaxPool2d", (32, 10, 43), 0),
        ("ReLU", (32, 10, 43), 0),
        ("Dropout", (32, 10, 43), 0),
        ("Conv2d", (64, 10, 43), 64 * (3 * 3 * 32 + 1)),
        ("BatchNorm2d", (64, 10, 43), 2 * 64),
        ("MaxPool2d", (64, 5, 21), 0),
        ("ReLU", (64, 5, 21), 0),
        ("Dropout", (64, 5, 21), 0),
        ("Flatten", (64 * 5 * 21,), 0),  # published: Linear(64 * 5 * 21, 128), then Linear(128, 8)
        ("Linear", (128,), 128 * (64 * 5 * 21 + 1)),
        ("ReLU", (128,), 0),
        ("Dropout", (128,), 0),
        ("Linear", (8,), 8 * (128 + 1)),
    ]


@pytest.mark.parametrize(("n_bands", "n_frames"), [(7, 174), (40, 7)])
def test_what_cannot_be_halved_three_times_is_refused(n_bands: int, n_frames: int) -> None:
    with pytest.raises(InputError, match=f"at least 8 bands and frames, found {n_bands} x {n_frames}$"):
        Network(8, [(n_bands, n_frames)], SETTINGS)
    assert Network(8, [(8, 8)], SETTINGS).eval()(torch.zeros(1, 8, 8)).shape == (1, 8)
