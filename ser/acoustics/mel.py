"""The mel scale: filter banks, where a frequency stands in them, and their cosine transform."""

from functools import lru_cache

import numpy as np

from ser.params import LogMelParams

# Slaney's mel scale is linear below 1 kHz, 200/3 Hz to the mel, and logarithmic above, 27 mels to a factor of 6.4.
_LINEAR_HZ_PER_MEL = 200 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


def mel_filter_bank(n_mels: int, f_min: float, f_max: float, bins: np.ndarray) -> np.ndarray:
    """Triangles of equal area, evenly spaced in mel from `f_min` to `f_max`: shape (n_mels, len(bins)), all in hertz.

    Source:
        Slaney's Auditory Toolbox (1998), as in ``librosa.filters.mel(htk=False, norm="slaney")``.
    """
    low, high = _hz_to_mel(np.array([f_min, f_max]))
    edges = _mel_to_hz(np.linspace(low, high, n_mels + 2))  # hertz, (n_mels + 2,)
    widths = np.diff(edges)[:, np.newaxis]
    rising = (bins - edges[:-2, np.newaxis]) / widths[:-1]  # (n_mels, len(bins))
    falling = (edges[2:, np.newaxis] - bins) / widths[1:]
    weights = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, np.newaxis]
    return np.asarray(weights)


def rows_of(hertz: np.ndarray, settings: LogMelParams) -> np.ndarray:
    """At which height of a spectrogram frequencies stand: the middle of its first band is at 0.5."""
    low, high, mel = np.split(_hz_to_mel(np.array([settings.f_min, settings.f_max, *hertz])), (1, 2))
    return np.asarray((mel - low) / (high - low) * (settings.n_mels + 1) - 0.5)


def _hz_to_mel(hertz: np.ndarray) -> np.ndarray:
    logarithmic = _BREAK_MEL + np.log(np.maximum(hertz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hertz < _BREAK_HZ, hertz / _LINEAR_HZ_PER_MEL, logarithmic)


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    logarithmic = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ_PER_MEL, logarithmic)


@lru_cache(maxsize=8)
def cosines(n_mfcc: int, n_mels: int) -> np.ndarray:
    """First rows of the orthonormal DCT-II, shape (n_mfcc, n_mels)."""
    row, band = np.arange(n_mfcc)[:, np.newaxis], np.arange(n_mels)
    rows = np.sqrt(2 / n_mels) * np.cos(np.pi * row * (2 * band + 1) / (2 * n_mels))
    rows[0] /= np.sqrt(2)
    rows.flags.writeable = False
    return np.asarray(rows)
