"""The network of the published system `mfcc-dense`: convolution and pooling, then dense layers."""

from itertools import pairwise

from ser.models.blocks import ConvolutionsThenDense, check_size, conv_block

CHANNELS = (32, 64)
HIDDEN = 128


class Network(ConvolutionsThenDense):
    """Two convolutions with ReLU and max pooling, flattened; a dense layer of 128; linear.

    The published description says "conv + pooling, flatten, dense layers, softmax" and no more: two convolutions of 32
    and 64 channels and one hidden layer of 128 are the common reading. No batch normalisation and no dropout, as it
    names none.

    Args:
        n_classes: number of emotions.
        n_bands: rows of the input; at least 4.
        n_frames: columns of the input; at least 4.
        conv_dropout: share of values dropped after each pooling.
        dense_dropout: share of values dropped before the last layer.

    Raises:
        InputError: the input is too small to be halved two times.
    """

    def __init__(self, n_classes: int, n_bands: int, n_frames: int, conv_dropout: float, dense_dropout: float) -> None:
        check_size(n_bands, n_frames, len(CHANNELS))
        blocks = [conv_block(n_in, n_out, conv_dropout, batch_norm=False) for n_in, n_out in pairwise((1, *CHANNELS))]
        n_flat = CHANNELS[-1] * (n_bands // 2 ** len(CHANNELS)) * (n_frames // 2 ** len(CHANNELS))
        super().__init__(blocks, n_flat, HIDDEN, n_classes, dense_dropout)
