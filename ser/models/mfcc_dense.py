"""The network of the published system `mfcc-dense`: convolution and pooling, then dense layers."""

from itertools import pairwise

from ser.models.blocks import ConvolutionsThenDense, Shapes, check_size, conv_block
from ser.params import ConvolutionsParams

CHANNELS = (32, 64)
HIDDEN = 128


class Network(ConvolutionsThenDense):
    """Two convolutions with ReLU and max pooling, flattened; a dense layer of 128; linear.

    The published description says "conv + pooling, flatten, dense layers, softmax" and no more: two convolutions of 32
    and 64 channels and one hidden layer of 128 are the common reading. No batch normalisation and no dropout, as it
    names none.

    Args:
        n_classes: number of emotions.
        shapes: of the one array that it reads, (n_bands, n_frames); at least 4 of both.
        settings: ``conv_dropout``: share of values dropped after each pooling;
            ``dense_dropout``: share of values dropped before the last layer.

    Raises:
        InputError: the input is too small to be halved two times.
    """

    def __init__(self, n_classes: int, shapes: Shapes, settings: ConvolutionsParams) -> None:
        ((n_bands, n_frames),) = shapes
        check_size(n_bands, n_frames, len(CHANNELS))
        blocks = [
            conv_block(n_in, n_out, settings.conv_dropout, batch_norm=False) for n_in, n_out in pairwise((1, *CHANNELS))
        ]
        n_flat = CHANNELS[-1] * (n_bands // 2 ** len(CHANNELS)) * (n_frames // 2 ** len(CHANNELS))
        super().__init__(blocks, n_flat, HIDDEN, n_classes, settings.dense_dropout)
