import pytest
import torch
from torch import nn

from ser.errors import InputError
from ser.models.logmel_gap import Network
from ser.params import ConvolutionsParams
from tests.ser.models.layers import layers

SETTINGS = ConvolutionsParams(conv_dropout=0.0, dense_dropout=0.0)


def test_layers_and_weights_at_the_presets_shape() -> None:
    assert layers(Network(8, [(64, 130)], SETTINGS), 64, 130) == [
        ("Conv2d", (16, 64, 130), 16 * (3 * 3 * 1 + 1)),
        ("ReLU", (16, 64, 130), 0),
        ("MaxPool2d", (16, 32, 65), 0),
        ("Dropout", (16, 32, 65), 0),
        ("Conv2d", (32, 32, 65), 32 * (3 * 3 * 16 + 1)),
        ("ReLU", (32, 32, 65), 0),
        ("MaxPool2d", (32, 16, 32), 0),
        ("Dropout", (32, 16, 32), 0),
        ("Conv2d", (64, 16, 32), 64 * (3 * 3 * 32 + 1)),
        ("ReLU", (64, 16, 32), 0),
        ("MaxPool2d", (64, 8, 16), 0),
        ("Dropout", (64, 8, 16), 0),
        ("Conv2d", (128, 8, 16), 128 * (3 * 3 * 64 + 1)),
        ("ReLU", (128, 8, 16), 0),
        ("Dropout", (128,), 0),
        ("Linear", (8,), 8 * (128 + 1)),
    ]


def test_the_average_of_each_map_reaches_the_linear_layer() -> None:
    torch.manual_seed(0)
    network = Network(8, [(16, 24)], SETTINGS).eval()
    features = torch.randn(3, 16, 24)
    averages = nn.AdaptiveAvgPool2d(1)(network.convolutions(features[:, None])).flatten(1)
    torch.testing.assert_close(network(features), averages @ network.linear.weight.T + network.linear.bias)


@pytest.mark.parametrize(("n_bands", "n_frames"), [(7, 130), (64, 7)])
def test_what_cannot_be_halved_three_times_is_refused(n_bands: int, n_frames: int) -> None:
    with pytest.raises(InputError, match=f"at least 8 bands and frames, found {n_bands} x {n_frames}$"):
        Network(8, [(n_bands, n_frames)], SETTINGS)
    assert Network(8, [(8, 8)], SETTINGS)(torch.zeros(1, 8, 8)).shape == (1, 8)
