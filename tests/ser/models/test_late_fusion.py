import pytest
import torch

from ser.errors import InputError
from ser.front_ends.log_mel_functionals import n_rows
from ser.models.late_fusion import Network

ROWS = n_rows(100)


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network(8, 64 + ROWS, 100, 0.0, 0.0)


def test_the_logits_of_both_add_up(network: Network) -> None:
    features = torch.randn(3, 64 + ROWS, 100)
    network.eval()
    expected = network.spectral(features[:, :64]) + network.functionals(features)
    torch.testing.assert_close(network(features), expected)


def test_in_training_each_learns_for_itself(network: Network) -> None:
    views = network.train()(torch.randn(3, 64 + ROWS, 100))
    assert views.shape == (2, 3, 8)
    views[0].sum().backward()
    assert not any(weights.grad.any() for weights in network.functionals.parameters() if weights.grad is not None)
    assert all(weights.grad is not None and weights.grad.any() for weights in network.spectral.project.parameters())


@pytest.mark.parametrize(("n_bands", "n_frames"), [(15 + ROWS, 100), (ROWS, 100)])
def test_too_few_mel_bands_are_refused(n_bands: int, n_frames: int) -> None:
    with pytest.raises(InputError, match="needs features of"):
        Network(8, n_bands, n_frames, 0.0, 0.0)
