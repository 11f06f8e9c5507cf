import pytest
import torch
from torch import nn

from ser.errors import InputError
from ser.models.logmel_4conv import Network
from ser.params import ConvolutionsParams
from tests.ser.models.layers import layers

SETTINGS = ConvolutionsParams(conv_dropout=0.25, dense_dropout=0.4)


def test_layers_and_weights_at_the_presets_shape() -> None:
    assert layers(Network(8, [(128, 130)], SETTINGS), 128, 130) == [
        ("Conv2d", (32, 128, 130), 32 * (3 * 3 * 1 + 1)),
        ("BatchNorm2d", (32, 128, 130), 2 * 32),
        ("MaxPool2d", (32, 64, 65), 0),
        ("ReLU", (32, 64, 65), 0),
        ("Dropout", (32, 64, 65), 0),
        ("Conv2d", (64, 64, 65), 64 * (3 * 3 * 32 + 1)),
        ("BatchNorm2d", (64, 64, 65), 2 * 64),
        ("MaxPool2d", (64, 32, 32), 0),
        ("ReLU", (64, 32, 32), 0),
        ("Dropout", (64, 32, 32), 0),
        ("Conv2d", (128, 32, 32), 128 * (3 * 3 * 64 + 1)),
        ("BatchNorm2d", (128, 32, 32), 2 * 128),
        ("MaxPool2d", (128, 16, 16), 0),
        ("ReLU", (128, 16, 16), 0),
        ("Dropout", (128, 16, 16), 0),
        ("Conv2d", (256, 16, 16), 256 * (3 * 3 * 128 + 1)),
        ("BatchNorm2d", (256, 16, 16), 2 * 256),
        ("MaxPool2d", (256, 8, 8), 0),
        ("ReLU", (256, 8, 8), 0),
        ("Dropout", (256, 8, 8), 0),
        ("Dropout", (256,), 0),
        ("Linear", (8,), 8 * (256 + 1)),
    ]


def test_the_average_of_each_map_reaches_the_linear_layer() -> None:
    torch.manual_seed(0)
    network = Network(8, [(32, 48)], SETTINGS).eval()
    features = torch.randn(3, 32, 48)
    averages = nn.AdaptiveAvgPool2d(1)(network.convolutions(features[:, None])).flatten(1)
    torch.testing.assert_close(network(features), averages @ network.linear.weight.T + network.linear.bias)


@pytest.mark.parametrize(("n_bands", "n_frames"), [(15, 130), (128, 15)])
def test_what_cannot_be_halved_four_times_is_refused(n_bands: int, n_frames: int) -> None:
    with pytest.raises(InputError, match=f"at least 16 bands and frames, found {n_bands} x {n_frames}$"):
        Network(8, [(n_bands, n_frames)], SETTINGS)
    assert Network(8, [(16, 16)], SETTINGS).eval()(torch.zeros(1, 16, 16)).shape == (1, 8)
