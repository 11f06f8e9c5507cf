"""The network of the published system `logmel-vgg`: pairs of normalised convolutions, then dense layers."""

from itertools import pairwise

from ser.models.blocks import ConvolutionsThenDense, check_size, conv_block

CHANNELS = (32, 64, 128)
HIDDEN = 256


class Network(ConvolutionsThenDense):
    """Three times convolution, batch norm twice, max pooling, dropout; flattened; dense layer of 256; dropout; linear.

    The published description gives no channels: 32, 64 and 128 are the usual start of a small network of this kind.

    Args:
        n_classes: number of emotions.
        n_bands: rows of the input; at least 8.
        n_frames: columns of the input; at least 8.
        conv_dropout: share of values dropped after each pooling.
        dense_dropout: share of values dropped before the last layer.

    Raises:
        InputError: the input is too small to be halved three times.
    """

    def __init__(self, n_classes: int, n_bands: int, n_frames: int, conv_dropout: float, dense_dropout: float) -> None:
        check_size(n_bands, n_frames, len(CHANNELS))
        blocks = [conv_block(n_in, n_out, conv_dropout, convolutions=2) for n_in, n_out in pairwise((1, *CHANNELS))]
        n_flat = CHANNELS[-1] * (n_bands // 2 ** len(CHANNELS)) * (n_frames // 2 ** len(CHANNELS))
        super().__init__(blocks, n_flat, HIDDEN, n_classes, dense_dropout)
