import numpy as np
import torch
from torch import nn

from ser.models.blocks import SourceNorm
from ser.models.classifier import Classifier, ensemble
from ser.models.source import embeddings, held_statistics, set_statistics, source_norms
from tests.settings import network, random_arrays, shapes_for

SHAPES = shapes_for("whisper")


def classifier() -> Classifier:
    return Classifier(3, SHAPES, network("whisper")).eval()


def test_a_batch_in_training_is_standardised_as_batch_normalisation_does() -> None:
    torch.manual_seed(0)
    values = 3 * torch.randn(16, 5) + 7
    norm, batch_norm = SourceNorm(5), nn.BatchNorm1d(5, affine=False)
    torch.testing.assert_close(norm(values), batch_norm(values))
    torch.testing.assert_close(norm.mean, batch_norm.running_mean)


def test_in_use_it_standardises_by_what_it_was_told() -> None:
    norm = SourceNorm(2).eval()
    set_statistics([norm], torch.tensor([[1.0, 2.0], [4.0, 0.5]]))
    torch.testing.assert_close(norm(torch.tensor([[5.0, 1.0]])), torch.tensor([[1.0, -2.0]]))
    torch.testing.assert_close(norm.heard, torch.tensor([[5.0, 1.0]]))


def test_of_an_ensemble_each_network_has_its_own() -> None:
    torch.manual_seed(0)
    both = ensemble([classifier(), classifier()]).eval()
    chunk = {name: array.numpy() for name, array in random_arrays(SHAPES, 4).items()}
    found = embeddings(both, [chunk, chunk])
    width = sum(norm.width for norm in source_norms(both))
    assert found.shape == (8, width)
    assert np.abs(found[:, : width // 2] - found[:, width // 2 :]).max() > 1e-3
    given = torch.rand(2, width) + 1
    before = both.logits(chunk)
    set_statistics(source_norms(both), given)
    np.testing.assert_array_equal(held_statistics(both), given.numpy())
    assert np.abs(both.logits(chunk) - before).max() > 1e-3


def test_a_network_without_holds_no_statistics() -> None:
    assert held_statistics(Classifier(3, shapes_for("logmel_gap"), network())).shape == (2, 0)
