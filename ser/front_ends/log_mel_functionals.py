"""Front end `log_mel_functionals`: a log-mel spectrogram, and below it functionals of the voice's contours."""

import numpy as np

from ser.audio import fix_length
from ser.contours import OF_SOUND, OF_VOICE, contours
from ser.front_ends import log_mel
from ser.functionals import N_FUNCTIONALS, functionals
from ser.params import FeatureParams

FIXED_LENGTH = False
"""A signal is not padded before its contours are followed: silence that nobody recorded has none."""

N_VALUES = N_FUNCTIONALS * (len(OF_VOICE) + len(OF_SOUND)) + 1
"""Of all contours, and the number of their frames."""


def n_bands(params: FeatureParams) -> int:
    """Count the rows of what `analyse` gives."""
    return params.n_mels + n_rows(params.n_frames)


def n_rows(n_frames: int) -> int:
    """Count the rows of so many frames that hold the functionals."""
    return -(-N_VALUES // n_frames)


def analyse(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    """Log-mel spectrogram of the padded signal; functionals of the contours of what was heard.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,), at ``params.sampling_rate`` hertz, of ``params.n_samples``
            at most.
        params: analysis settings, as for `ser.front_ends.log_mel`.

    Returns:
        float32, shape (n_bands(params), n_frames): the spectrogram as `log_mel` has it, then N_VALUES functionals as
        one reads, from left to right and row after row; what is left of the last row is 0.

    Raises:
        InputError: the signal is not mono or not finite.
    """
    spectrogram = log_mel.analyse(fix_length(signal, params.n_samples), params)
    followed = contours(signal, params.sampling_rate, params.hop_length)  # (n, frames)
    known = np.ones_like(followed, bool)
    known[: len(OF_VOICE)] = followed[len(OF_VOICE)] > 0  # where there is voice
    values = np.append(functionals(followed, known), np.float32(followed.shape[1]))
    n_frames = spectrogram.shape[1]
    rows = np.pad(values, (0, n_rows(n_frames) * n_frames - N_VALUES)).reshape(-1, n_frames)
    return np.concatenate([spectrogram, rows])
