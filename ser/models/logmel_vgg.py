"""The network of the published system `logmel-vgg`: pairs of normalised convolutions, then dense layers."""

from itertools import pairwise

from ser.models.blocks import ConvolutionsThenDense, Shapes, check_size, conv_block
from ser.params import ConvolutionsParams

CHANNELS = (32, 64, 128)
HIDDEN = 256


class Network(ConvolutionsThenDense):
    """Three times convolution, batch norm twice, max pooling, dropout; flattened; dense layer of 256; dropout; linear.

    The published description gives no channels: 32, 64 and 128 are the usual start of a small network of this kind.

    Args:
        n_classes: number of emotions.
        shapes: of the one array that it reads, (n_bands, n_frames); at least 8 of both.
        settings: ``conv_dropout``: share of values dropped after each pooling;
            ``dense_dropout``: share of values dropped before the last layer.

    Raises:
        InputError: the input is too small to be halved three times.
    """

    def __init__(self, n_classes: int, shapes: Shapes, settings: ConvolutionsParams) -> None:
        ((n_bands, n_frames),) = shapes
        check_size(n_bands, n_frames, len(CHANNELS))
        blocks = [
            conv_block(n_in, n_out, settings.conv_dropout, convolutions=2) for n_in, n_out in pairwise((1, *CHANNELS))
        ]
        n_flat = CHANNELS[-1] * (n_bands // 2 ** len(CHANNELS)) * (n_frames // 2 ** len(CHANNELS))
        super().__init__(blocks, n_flat, HIDDEN, n_classes, settings.dense_dropout)
