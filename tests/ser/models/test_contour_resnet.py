import numpy as np
import pytest
import torch

from ser.errors import InputError
from ser.front_ends.contours_functionals import HEARD, N_ROWS, VOICED
from ser.models.contour_resnet import Network
from ser.params import ContourResnetParams

SETTINGS = ContourResnetParams(channel_dropout=0.2, noise=0.1, conv_dropout=0.0, dense_dropout=0.0)


def features(n: int, n_heard: int = 64) -> torch.Tensor:
    """As the front end gives them: what is not known is 0."""
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(n, N_ROWS, 64, generator=generator) + 0.5
    values[:, VOICED] = (torch.rand(n, 64, generator=generator) < 0.6).float()
    values[:, :VOICED] *= values[:, VOICED : VOICED + 1]
    values[:, HEARD] = 1
    values[:, :, n_heard:] = 0
    return values


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network(8, [(N_ROWS, 64)], SETTINGS)


def test_weights(network: Network) -> None:
    weights = sum(parameter.numel() for parameter in network.parameters())
    stem = (69 + 70) * 96 * 5 + 2 * 96
    block = 2 * 96 * 96 * 5 + 96 * 96 + 4 * 96
    assert weights == stem + 2 * block + 96 * (96 + 1) + 8 * (2 * 96 + 1)


def test_channels_are_hidden_and_noisy_in_training_as_strongly_as_is_set() -> None:
    settings = SETTINGS.model_copy(update={"channel_dropout": 0.5, "noise": 0.3})
    network = Network(8, [(N_ROWS, 64)], settings).train()
    seen: list[torch.Tensor] = []
    network.scale.register_forward_hook(lambda _, inputs, output: seen.append(output))
    network.hide.register_forward_hook(lambda _, inputs, output: seen.extend([inputs[0], output]))
    torch.manual_seed(0)
    network(features(64))
    clean, noisy, hidden = seen
    assert float((noisy - clean).std()) == pytest.approx(0.3, rel=0.02)
    assert float((hidden.abs().sum(dim=2) == 0).float().mean()) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("n_heard", [64, 40])
def test_what_is_not_known_does_not_matter(network: Network, n_heard: int) -> None:
    values = features(3, n_heard)
    logits = network.eval()(values)
    changed = values.clone()
    unvoiced = (features(3, n_heard)[:, VOICED] == 0)[:, None].expand(-1, VOICED, -1)
    changed[:, :VOICED][unvoiced] = 5
    changed[:, :HEARD, n_heard:] = 5
    torch.testing.assert_close(network(changed), logits)
    changed[:, 0][values[:, VOICED] > 0] -= 1
    assert not torch.isclose(network(changed), logits).any()


def test_contours_are_standardised_over_the_frames_in_which_they_are_known(network: Network) -> None:
    values = features(64, 40)
    seen: list[torch.Tensor] = []
    network.scale.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network.train()(values)
    contours, heard = seen[0][:, :HEARD], seen[0][:, -1]
    np.testing.assert_array_equal(heard, features(64, 40)[:, HEARD])
    voiced = features(64, 40)[:, VOICED] > 0
    for row, known in ((0, voiced), (VOICED + 1, heard > 0)):
        deviation, mean = torch.std_mean(contours[:, row][known])
        assert abs(float(mean)) < 0.01
        assert float(deviation) == pytest.approx(1, abs=0.02)
        assert not contours[:, row][~known].any()


def test_in_use_it_standardises_as_it_was_trained(network: Network) -> None:
    values = features(64, 40)
    for _ in range(100):
        network.train()(values)
    seen: list[torch.Tensor] = []
    network.scale.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network.train()(values)
    network.eval()(values[:1])
    torch.testing.assert_close(seen[1], seen[0][:1], rtol=0, atol=1e-3)


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(InputError, match="at least 8 bands and frames"):
        Network(8, [(N_ROWS, 7)], SETTINGS)
