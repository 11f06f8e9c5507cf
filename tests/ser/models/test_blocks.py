import torch
from torch import nn

from ser.models.blocks import conv_block


def test_pooling_before_the_relu_gives_what_pooling_behind_it_gives() -> None:
    torch.manual_seed(0)
    block = conv_block(1, 4, 0.25, convolutions=2).eval()
    first, first_norm, _, second, second_norm, _, _, _ = block
    maps = torch.randn(2, 1, 9, 13)
    expected = first_norm(first(maps)).relu()
    expected = nn.functional.max_pool2d(second_norm(second(expected)).relu(), 2)
    assert torch.equal(block(maps), expected)
