"""Front end `mfcc`: mel-frequency cepstral coefficients."""

import numpy as np

from ser.acoustics.mel import cosines
from ser.front_ends import log_mel
from ser.params import FeatureParams


def n_bands(params: FeatureParams) -> int:
    """Count the rows of what `analyse` gives."""
    return params.n_mfcc


def analyse(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    """The first coefficients of the cosine transform of the log-mel spectrogram over its bands.

    As the spectrogram is relative to its loudest cell, so is the coefficient 0: gain and distance do not matter.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,), at ``params.sampling_rate`` hertz.
        params: analysis settings; ``n_mfcc`` is the number of coefficients, from coefficient 0.

    Returns:
        float32, shape (n_mfcc, n_frames), n_frames = 1 + n_samples // hop_length; in decibels.

    Source:
        ``librosa.feature.mfcc(S=log_mel, dct_type=2, norm="ortho")``.
    """
    coefficients: np.ndarray = cosines(params.n_mfcc, params.n_mels).astype(np.float32) @ log_mel.analyse(
        signal, params
    )
    return coefficients
