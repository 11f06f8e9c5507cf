import torch

from ser.models.layer_weighted import Network
from ser.params import LayerWeightedParams
from tests.ser.models.layers import layers


def test_layers_and_weights_for_a_base_encoder() -> None:
    network = Network(8, [(13, 768)], LayerWeightedParams(dropout=0.0))
    assert layers(network, 13, 768) == [
        ("BatchNorm1d", (768,), 2 * 768),
        ("Dropout", (768,), 0),
        ("Linear", (8,), 8 * (768 + 1)),
    ]
    assert sum(parameter.numel() for parameter in network.parameters()) == 13 + 2 * 768 + 8 * 769


def test_the_layers_weights_are_learnt_and_add_up_to_one() -> None:
    torch.manual_seed(0)
    network = Network(2, [(3, 4)], LayerWeightedParams(dropout=0.0)).eval()
    features = torch.randn(5, 3, 4)
    torch.testing.assert_close(network(features), network.linear(network.norm(features.mean(dim=1))))
    with torch.no_grad():
        network.layer_logits.copy_(torch.tensor([0.0, 50.0, 0.0]))
    torch.testing.assert_close(network(features), network.linear(network.norm(features[:, 1])))
    network(features).sum().backward()
    assert network.layer_logits.grad is not None
