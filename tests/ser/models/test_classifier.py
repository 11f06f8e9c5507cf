"""What holds for every architecture; its own layers are in a file of its own."""

from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from ser import models
from ser.models.classifier import Classifier
from ser.params import READS_CONTOURS, Architecture
from tests.ser.models.layers import n_bands_for

ARCHITECTURES = get_args(Architecture)


def outputs_differ(classifier: Classifier) -> bool:
    """Whether the same input gives another output the second time."""
    torch.manual_seed(1)
    features = torch.randn(4, len(classifier.mean), 40)
    return not torch.equal(classifier(features), classifier(features))


def test_every_architecture_is_a_module_with_a_network_and_no_other_module_has_one() -> None:
    modules = {module.name: import_module(f"ser.models.{module.name}") for module in iter_modules(models.__path__)}
    assert {name for name, module in modules.items() if hasattr(module, "Network")} == set(ARCHITECTURES)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("n_classes", [2, 8])
def test_features_become_logits_each_recording_by_itself(architecture: Architecture, n_classes: int) -> None:
    torch.manual_seed(0)
    n_bands = n_bands_for(architecture, 32, 40)
    classifier = Classifier(architecture, n_classes, n_bands, 40).eval()
    features = torch.randn(3, n_bands, 40)
    logits = classifier(features)
    assert logits.shape == (3, n_classes)
    torch.testing.assert_close(classifier(features[1:2]), logits[1:2], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_loss_reaches_every_weight(architecture: Architecture) -> None:
    torch.manual_seed(0)
    n_bands = n_bands_for(architecture, 32, 40)
    classifier = Classifier(architecture, 8, n_bands, 40)
    views = classifier(torch.randn(6, n_bands, 40)).reshape(-1, 6, 8)
    torch.stack([nn.functional.cross_entropy(view, torch.arange(6)) for view in views]).sum().backward()
    for name, weights in classifier.named_parameters():
        assert weights.grad is not None, name
        assert weights.grad.isfinite().all(), name


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_dropout_acts_in_training_and_nowhere_else(architecture: Architecture) -> None:
    torch.manual_seed(0)
    n_bands = n_bands_for(architecture, 32, 40)
    without = Classifier(architecture, 8, n_bands, 40)
    assert outputs_differ(without.train()) == (architecture in READS_CONTOURS)
    assert not outputs_differ(without.eval())
    has_convolutions = any(isinstance(layer, nn.Conv2d) for layer in without.modules())
    for place in ["dense_dropout"] + ["conv_dropout"] * has_convolutions:
        classifier = Classifier(architecture, 8, n_bands, 40, **{place: 0.5})
        assert outputs_differ(classifier.train()), place
        assert not outputs_differ(classifier.eval()), place


@pytest.mark.parametrize("architecture", sorted(set(ARCHITECTURES) - READS_CONTOURS))
def test_dropout_is_as_strong_as_it_is_set(architecture: Architecture) -> None:
    n_bands = n_bands_for(architecture, 32, 40)
    classifier = Classifier(architecture, 8, n_bands, 40, conv_dropout=0.25, dense_dropout=0.4)
    *behind_convolutions, dense = (layer.p for layer in classifier.modules() if isinstance(layer, nn.Dropout))
    assert dense == 0.4
    assert set(behind_convolutions) <= {0.25}


def test_functionals_are_standardised_one_by_one_and_not_by_their_rows() -> None:
    torch.manual_seed(0)
    n_bands = n_bands_for("functionals", 0, 40)
    features = torch.randn(200, n_bands, 40)
    features[:, -2, 1] *= 1e5  # of one row, in other units
    features[:, -2, 2] *= 1e-3
    classifier = Classifier("functionals", 8, n_bands, 40)
    classifier.standardise_by(features.mean(dim=(0, 2)).numpy(), features.std(dim=(0, 2)).numpy())
    seen: list[torch.Tensor] = []
    hooked = next(layer for layer in classifier.modules() if isinstance(layer, nn.Hardtanh))
    hooked.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    classifier.train()(features)
    deviations = seen[0].std(dim=0)
    assert deviations.min() == pytest.approx(1, abs=0.02)
    assert deviations.max() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_bands_are_standardised_for_all_but_those_that_do_it_themselves(architecture: Architecture) -> None:
    n_bands = n_bands_for(architecture, 32, 40)
    classifier = Classifier(architecture, 8, n_bands, 40)
    classifier.standardise_by(np.full(n_bands, 3.0), np.full(n_bands, 2.0))
    expected = (0, 1) if architecture in READS_CONTOURS else (3, 2)
    assert (classifier.mean.unique().item(), classifier.deviation.unique().item()) == expected
