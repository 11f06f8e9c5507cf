import pytest
import torch

from ser.errors import InputError
from ser.front_ends.log_mel_functionals import N_VALUES, n_rows
from ser.models.functionals import Network

ROWS = n_rows(300)


def test_weights_at_64_bands_and_300_frames() -> None:
    weights = sum(parameter.numel() for parameter in Network(8, 64 + ROWS, 300, 0.0, 0.0).parameters())
    assert weights == 128 * (N_VALUES + 1) + 8 * (128 + 1)


def test_neither_the_spectrogram_nor_what_is_left_of_the_last_row_is_read() -> None:
    torch.manual_seed(0)
    network = Network(8, 64 + ROWS, 300, 0.0, 0.0).eval()
    features = torch.randn(2, 64 + ROWS, 300)
    logits = network(features)
    features[:, :64] = 0
    features[:, 64:].view(2, -1)[:, N_VALUES:] = 7
    assert torch.equal(network(features), logits)
    features[:, 64] += 1
    assert not torch.equal(network(features), logits)


def test_a_value_far_off_is_cut() -> None:
    torch.manual_seed(0)
    network = Network(8, 64 + ROWS, 300, 0.0, 0.0).eval()
    features = torch.zeros(2, 64 + ROWS, 300)
    features[0, 64, 0], features[1, 64, 0] = 50, 5000
    one, other = network(features)
    torch.testing.assert_close(one, other)


def test_features_of_another_front_end_are_refused() -> None:
    with pytest.raises(InputError, match=f"needs features of front end log_mel_functionals, found {ROWS} rows$"):
        Network(8, ROWS, 300, 0.0, 0.0)
