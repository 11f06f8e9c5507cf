import torch

from ser.front_ends.contours_functionals import N_ROWS, N_VALUES, n_rows_of_functionals
from ser.models.functionals import Network

ROWS = N_ROWS + n_rows_of_functionals(300)


def test_weights_at_300_frames() -> None:
    weights = sum(parameter.numel() for parameter in Network(8, ROWS, 300, 0.0, 0.0).parameters())
    assert weights == 128 * (N_VALUES + 1) + 8 * (128 + 1)


def test_neither_contours_nor_what_is_left_of_the_last_row_is_read() -> None:
    torch.manual_seed(0)
    network = Network(8, ROWS, 300, 0.0, 0.0).eval()
    features = torch.randn(2, ROWS, 300)
    logits = network(features)
    features[:, :N_ROWS] = 0
    features[:, N_ROWS:].view(2, -1)[:, N_VALUES:] = 7
    assert torch.equal(network(features), logits)
    features[:, N_ROWS] += 1
    assert not torch.equal(network(features), logits)


def test_a_value_far_off_is_cut() -> None:
    torch.manual_seed(0)
    network = Network(8, ROWS, 300, 0.0, 0.0).eval()
    features = torch.zeros(2, ROWS, 300)
    features[0, N_ROWS, 0], features[1, N_ROWS, 0] = 50, 5000
    one, other = network(features)
    torch.testing.assert_close(one, other)
