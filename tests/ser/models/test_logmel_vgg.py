import pytest
import torch

from ser.errors import InputError
from ser.models.logmel_vgg import Network
from ser.params import ConvolutionsParams
from tests.ser.models.layers import layers

SETTINGS = ConvolutionsParams(conv_dropout=0.25, dense_dropout=0.5)


def test_layers_and_weights_at_the_presets_shape() -> None:
    assert layers(Network(8, [(64, 130)], SETTINGS), 64, 130) == [
        ("Conv2d", (32, 64, 130), 32 * (3 * 3 * 1 + 1)),
        ("BatchNorm2d", (32, 64, 130), 2 * 32),
        ("ReLU", (32, 64, 130), 0),
        ("Conv2d", (32, 64, 130), 32 * (3 * 3 * 32 + 1)),
        ("BatchNorm2d", (32, 64, 130), 2 * 32),
        ("MaxPool2d", (32, 32, 65), 0),
        ("ReLU", (32, 32, 65), 0),
        ("Dropout", (32, 32, 65), 0),
        ("Conv2d", (64, 32, 65), 64 * (3 * 3 * 32 + 1)),
        ("BatchNorm2d", (64, 32, 65), 2 * 64),
        ("ReLU", (64, 32, 65), 0),
        ("Conv2d", (64, 32, 65), 64 * (3 * 3 * 64 + 1)),
        ("BatchNorm2d", (64, 32, 65), 2 * 64),
        ("MaxPool2d", (64, 16, 32), 0),
        ("ReLU", (64, 16, 32), 0),
        ("Dropout", (64, 16, 32), 0),
        ("Conv2d", (128, 16, 32), 128 * (3 * 3 * 64 + 1)),
        ("BatchNorm2d", (128, 16, 32), 2 * 128),
        ("ReLU", (128, 16, 32), 0),
        ("Conv2d", (128, 16, 32), 128 * (3 * 3 * 128 + 1)),
        ("BatchNorm2d", (128, 16, 32), 2 * 128),
        ("MaxPool2d", (128, 8, 16), 0),
        ("ReLU", (128, 8, 16), 0),
        ("Dropout", (128, 8, 16), 0),
        ("Flatten", (128 * 8 * 16,), 0),
        ("Linear", (256,), 256 * (128 * 8 * 16 + 1)),
        ("ReLU", (256,), 0),
        ("Dropout", (256,), 0),
        ("Linear", (8,), 8 * (256 + 1)),
    ]


@pytest.mark.parametrize(("n_bands", "n_frames"), [(7, 130), (64, 7)])
def test_what_cannot_be_halved_three_times_is_refused(n_bands: int, n_frames: int) -> None:
    with pytest.raises(InputError, match=f"at least 8 bands and frames, found {n_bands} x {n_frames}$"):
        Network(8, [(n_bands, n_frames)], SETTINGS)
    assert Network(8, [(8, 8)], SETTINGS).eval()(torch.zeros(1, 8, 8)).shape == (1, 8)
