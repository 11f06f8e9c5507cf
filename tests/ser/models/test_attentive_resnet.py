import pytest
import torch

from ser.errors import InputError
from ser.models.attentive_resnet import Network
from ser.params import ConvolutionsParams
from tests.ser.models.layers import layers

SETTINGS = ConvolutionsParams(conv_dropout=0.0, dense_dropout=0.0)


def weights_of_a_block(n_in: int, n_out: int) -> int:
    return n_out * (9 * n_in + 2 + 9 * n_out + 2 + n_in + 2)  # two convolutions and the shortcut, each normalised


def test_layers_and_weights_at_64_bands_and_300_frames() -> None:
    network = Network(8, [(64, 300)], ConvolutionsParams(conv_dropout=0.1, dense_dropout=0.3))
    shapes = [shape for kind, shape, _ in layers(network, 64, 300) if kind == "Dropout"]
    assert shapes == [(32, 16, 75), (64, 8, 38), (128, 4, 19), (512,)]
    expected = 32 * (2 * 25 + 2)
    expected += weights_of_a_block(32, 32) + weights_of_a_block(32, 64) + weights_of_a_block(64, 128)
    expected += 256 * (4 * 128 + 1) + 64 * (256 + 1) + 64 + 1 + 8 * (512 + 1)
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


def test_gain_and_offset_of_a_recording_do_not_matter() -> None:
    torch.manual_seed(0)
    network = Network(8, [(32, 48)], SETTINGS).eval()
    features = torch.randn(3, 32, 48)
    torch.testing.assert_close(network(features), network(30 * features - 5), rtol=1e-3, atol=1e-3)


def test_the_second_channel_is_the_slope_over_time() -> None:
    network = Network(8, [(32, 48)], SETTINGS).eval()
    seen: list[torch.Tensor] = []
    network.stem.register_forward_hook(lambda layer, given, output: seen.append(given[0]))
    network(torch.randn(3, 32, 48))
    normalised, slope = seen[0].unbind(dim=1)
    torch.testing.assert_close(slope, torch.gradient(normalised, dim=2)[0])


def test_even_attention_gives_the_mean_and_the_deviation_over_time() -> None:
    torch.manual_seed(0)
    network = Network(8, [(32, 48)], SETTINGS).eval()
    seen: list[torch.Tensor] = []
    network.project.register_forward_hook(lambda layer, given, output: seen.append(output))
    with torch.no_grad():
        for weights in network.attention.parameters():
            weights.zero_()
    logits = network(torch.randn(3, 32, 48))
    deviation, mean = torch.std_mean(seen[0], dim=1, correction=0)
    torch.testing.assert_close(logits, network.linear(torch.cat([mean, deviation.clamp(min=1e-3)], dim=1)))


@pytest.mark.parametrize(("n_bands", "n_frames"), [(15, 300), (64, 15)])
def test_what_cannot_be_halved_four_times_is_refused(n_bands: int, n_frames: int) -> None:
    with pytest.raises(InputError, match=f"at least 16 bands and frames, found {n_bands} x {n_frames}$"):
        Network(8, [(n_bands, n_frames)], SETTINGS)
