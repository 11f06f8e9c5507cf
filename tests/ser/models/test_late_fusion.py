import pytest
import torch

from ser.errors import InputError
from ser.front_ends.contours_functionals import N_ROWS, n_rows_of_functionals
from ser.models.late_fusion import Network

ROWS = N_ROWS + n_rows_of_functionals(100)


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network(8, ROWS, 100, 0.0, 0.0)


def test_the_logits_of_both_add_up(network: Network) -> None:
    features = torch.randn(3, ROWS, 100)
    contours, functionals = network.eval().views
    torch.testing.assert_close(network(features), contours(features) + functionals(features))


def test_in_training_each_learns_for_itself(network: Network) -> None:
    logits = network.train()(torch.randn(3, ROWS, 100))
    assert logits.shape == (2, 3, 8)
    logits[0].sum().backward()
    contours, functionals = network.views
    assert not any(weights.grad.any() for weights in functionals.parameters() if weights.grad is not None)
    assert all(weights.grad is not None and weights.grad.any() for weights in contours.stem.parameters())


@pytest.mark.parametrize(("n_bands", "n_frames"), [(ROWS - 1, 100), (64, 100)])
def test_features_of_another_front_end_are_refused(n_bands: int, n_frames: int) -> None:
    message = f"needs features of front end contours_functionals, {ROWS} rows, found {n_bands}$"
    with pytest.raises(InputError, match=message):
        Network(8, n_bands, n_frames, 0.0, 0.0)
