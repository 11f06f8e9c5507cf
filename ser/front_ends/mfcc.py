"""Front end `mfcc`: mel-frequency cepstral coefficients."""

import numpy as np

from ser.acoustics.mel import cosines
from ser.front_ends.log_mel import spectrogram
from ser.params import FeatureParams, MfccParams

FIXED_LENGTH = True


def shapes(params: FeatureParams, settings: MfccParams) -> dict[str, tuple[int, ...]]:
    """Of what `analyse` gives."""
    return {"mfcc": (settings.n_mfcc, settings.n_frames(params.n_samples))}


def analyse(signal: np.ndarray, params: FeatureParams, settings: MfccParams) -> dict[str, np.ndarray]:
    """The array ``mfcc``: the `coefficients` of a mono signal at ``params.sampling_rate`` hertz."""
    return {"mfcc": coefficients(signal, params.sampling_rate, settings)}


def coefficients(signal: np.ndarray, sampling_rate: int, settings: MfccParams) -> np.ndarray:
    """The first coefficients of the cosine transform of the log-mel spectrogram over its bands.

    As the spectrogram is relative to its loudest cell, so is the coefficient 0: gain and distance do not matter.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,).
        sampling_rate: hertz.
        settings: of the spectrogram, too; ``n_mfcc`` is the number of coefficients, from coefficient 0.

    Returns:
        float32, shape (n_mfcc, n_frames), n_frames = 1 + n_samples // hop_length; in decibels.

    Source:
        ``librosa.feature.mfcc(S=log_mel, dct_type=2, norm="ortho")``.
    """
    basis = cosines(settings.n_mfcc, settings.n_mels).astype(np.float32)
    transformed: np.ndarray = basis @ spectrogram(signal, sampling_rate, settings)
    return transformed
