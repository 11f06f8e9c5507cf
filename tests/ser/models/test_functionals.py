import torch

from ser.front_ends.contours_functionals import N_VALUES
from ser.models.functionals import Network
from ser.params import FunctionalsParams

SETTINGS = FunctionalsParams(input_dropout=0.8, hidden_dropout=0.5)


def test_weights() -> None:
    weights = sum(parameter.numel() for parameter in Network(8, [(N_VALUES,)], SETTINGS).parameters())
    assert weights == 128 * (N_VALUES + 1) + 8 * (128 + 1)


def test_dropout_is_as_strong_as_it_is_set() -> None:
    shares = [layer.p for layer in Network(8, [(9,)], SETTINGS).modules() if isinstance(layer, torch.nn.Dropout)]
    assert shares == [0.8, 0.5]


def test_a_value_far_off_is_cut() -> None:
    torch.manual_seed(0)
    network = Network(8, [(N_VALUES,)], SETTINGS).eval()
    values = torch.zeros(2, N_VALUES)
    values[0, 0], values[1, 0] = 50, 5000
    one, other = network(values)
    torch.testing.assert_close(one, other)
