"""What holds for every architecture; its own layers are in a file of its own."""

from importlib import import_module
from pkgutil import iter_modules

import numpy as np
import pytest
import torch
from torch import nn

from ser import models
from ser.errors import InputError
from ser.models.classifier import Classifier
from tests.settings import ARCHITECTURES, OF_CONTOURS, STANDARDISES_INPUT, network, random_arrays, shapes_for


def classifier_of(architecture: str, n_classes: int = 8, **settings: object) -> Classifier:
    return Classifier(n_classes, shapes_for(architecture), network(architecture, **settings))


def outputs_differ(classifier: Classifier, architecture: str) -> bool:
    """Whether the same input gives another output the second time."""
    torch.manual_seed(1)
    arrays = random_arrays(shapes_for(architecture), 4)
    return not torch.equal(classifier(arrays), classifier(arrays))


def test_every_architecture_is_a_module_with_a_network_and_no_other_module_has_one() -> None:
    modules = {module.name: import_module(f"ser.models.{module.name}") for module in iter_modules(models.__path__)}
    assert {name for name, module in modules.items() if hasattr(module, "Network")} == set(ARCHITECTURES)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("n_classes", [2, 8])
def test_features_become_logits_each_recording_by_itself(architecture: str, n_classes: int) -> None:
    torch.manual_seed(0)
    classifier = classifier_of(architecture, n_classes).eval()
    arrays = random_arrays(shapes_for(architecture), 3)
    logits = classifier(arrays)
    assert logits.shape == (3, n_classes)
    one = {name: array[1:2] for name, array in arrays.items()}
    torch.testing.assert_close(classifier(one), logits[1:2], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_arrays_that_the_network_does_not_read_do_not_matter(architecture: str) -> None:
    torch.manual_seed(0)
    shapes = shapes_for(architecture)
    classifier = Classifier(8, {"other": (5,), **shapes}, network(architecture)).eval()
    arrays = random_arrays(shapes, 3)
    assert torch.equal(classifier(arrays | {"other": torch.randn(3, 5)}), classifier(arrays))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_arrays_that_it_does_not_read_are_refused_alone(architecture: str) -> None:
    with pytest.raises(InputError, match=f"^network {architecture} reads .*, got other$"):
        Classifier(8, {"other": (64, 100)}, network(architecture))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_loss_reaches_every_weight(architecture: str) -> None:
    torch.manual_seed(0)
    classifier = classifier_of(architecture)
    views = classifier(random_arrays(shapes_for(architecture), 6)).reshape(-1, 6, 8)
    torch.stack([nn.functional.cross_entropy(view, torch.arange(6)) for view in views]).sum().backward()
    learnt = {name: weights for name, weights in classifier.named_parameters() if weights.requires_grad}
    assert learnt
    for name, weights in learnt.items():
        assert weights.grad is not None, name
        assert weights.grad.isfinite().all(), name


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_dropout_acts_in_training_and_nowhere_else(architecture: str) -> None:
    torch.manual_seed(0)
    without = classifier_of(architecture)
    assert outputs_differ(without.train(), architecture) == (architecture in OF_CONTOURS)
    assert not outputs_differ(without.eval(), architecture)
    settings = type(network(architecture).settings)
    places = [place for place in settings.model_fields if place.endswith("dropout")]
    for place in places:
        classifier = classifier_of(architecture, **{place: 0.5})
        assert outputs_differ(classifier.train(), architecture), place
        assert not outputs_differ(classifier.eval(), architecture), place


@pytest.mark.parametrize("architecture", sorted(set(ARCHITECTURES) - STANDARDISES_INPUT - {"layer_weighted"}))
def test_dropout_is_as_strong_as_it_is_set(architecture: str) -> None:
    classifier = classifier_of(architecture, conv_dropout=0.25, dense_dropout=0.4)
    *behind_convolutions, dense = (layer.p for layer in classifier.modules() if isinstance(layer, nn.Dropout))
    assert dense == 0.4
    assert set(behind_convolutions) == {0.25}


def test_functionals_are_standardised_one_by_one() -> None:
    torch.manual_seed(0)
    values = torch.randn(200, *shapes_for("functionals")["functionals"])
    values[:, 1] *= 1e5  # in other units
    values[:, 2] *= 1e-3
    classifier = classifier_of("functionals")
    seen: list[torch.Tensor] = []
    hooked = next(layer for layer in classifier.modules() if isinstance(layer, nn.Hardtanh))
    hooked.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    classifier.train()({"functionals": values})
    deviations = seen[0].std(dim=0)
    assert deviations.min() == pytest.approx(1, abs=0.02)
    assert deviations.max() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_bands_are_standardised_for_all_but_those_that_do_it_themselves(architecture: str) -> None:
    classifier = classifier_of(architecture).eval()
    shapes = shapes_for(architecture)
    assert set(classifier.standardise) == (set() if architecture in STANDARDISES_INPUT else set(shapes))
    classifier.standardise_by(
        {name: (np.arange(float(shape[0])), np.full(shape[0], 2.0)) for name, shape in shapes.items()}
    )
    seen: list[torch.Tensor] = []
    classifier.network.register_forward_pre_hook(lambda _, inputs: seen.extend(inputs))
    arrays = random_arrays(shapes, 3)
    classifier(arrays)
    for given, (name, array) in zip(seen, arrays.items(), strict=True):
        expected = (array - torch.arange(array.shape[1])[:, None]) / 2 if name in classifier.standardise else array
        torch.testing.assert_close(given, expected)
