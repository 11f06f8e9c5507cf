import pytest
import torch

from ser.models.late_fusion import Network
from tests.settings import network as chosen
from tests.settings import random_arrays, shapes_for

SHAPES = shapes_for("late_fusion", n_frames=100)


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network(8, [*SHAPES.values()], chosen("late_fusion").settings)


def test_the_logits_of_both_add_up(network: Network) -> None:
    arrays = random_arrays(SHAPES, 3)
    contours, functionals = network.eval().views
    expected = contours(arrays["contours"]) + functionals(arrays["functionals"])
    torch.testing.assert_close(network(*arrays.values()), expected)


def test_in_training_each_learns_for_itself(network: Network) -> None:
    logits = network.train()(*random_arrays(SHAPES, 3).values())
    assert logits.shape == (2, 3, 8)
    logits[0].sum().backward()
    contours, functionals = network.views
    assert not any(weights.grad.any() for weights in functionals.parameters() if weights.grad is not None)
    assert all(weights.grad is not None and weights.grad.any() for weights in contours.stem.parameters())
