"""Front end `log_mel`: the power in mel bands, in decibels."""

from functools import lru_cache

import numpy as np

from ser.params import FeatureParams

_POWER_FLOOR = 1e-10  # librosa.power_to_db's amin


def n_bands(params: FeatureParams) -> int:
    """Count the rows of what `analyse` gives."""
    return params.n_mels


def analyse(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    """Log-mel spectrogram in decibels below its loudest cell, of the whole signal.

    The reference is the recording's own maximum, so that the microphone's gain and distance do not matter.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,), at ``params.sampling_rate`` hertz.
        params: analysis settings; ``n_fft`` and ``hop_length`` in samples, ``f_min`` and ``f_max`` in hertz.

    Returns:
        float32, shape (n_mels, n_frames), n_frames = 1 + n_samples // hop_length; from ``-top_db`` to 0 dB.

    Source:
        ``librosa.feature.melspectrogram(..., power=2, center=True, pad_mode="constant")``, then
        ``librosa.power_to_db(..., ref=np.max)``.
    """
    padded = np.pad(signal, params.n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, params.n_fft)[:: params.hop_length]  # (n_frames, n_fft)
    # Windowed in double: in float32, rounding shows 80 dB below the loudest bin.
    spectrum = np.fft.rfft(frames * _hann_window(params.n_fft)).astype(np.complex64)  # (n_frames, 1 + n_fft // 2)
    power = spectrum.real**2 + spectrum.imag**2
    mel_power = _bank(params) @ power.T  # (n_mels, n_frames)
    decibels = 10 * np.log10(np.maximum(mel_power, np.float32(_POWER_FLOOR)))
    below_loudest: np.ndarray = np.maximum(decibels - decibels.max(), -np.float32(params.top_db))
    return below_loudest


@lru_cache(maxsize=8)
def _hann_window(n_fft: int) -> np.ndarray:
    """Periodic Hann window, float64, shape (n_fft,)."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    window.flags.writeable = False
    return window


@lru_cache(maxsize=8)
def _bank(params: FeatureParams) -> np.ndarray:
    """The filters of these settings: float32, shape (n_mels, 1 + n_fft // 2)."""
    bins = np.fft.rfftfreq(params.n_fft, 1 / params.sampling_rate)
    bank = mel_filter_bank(params.n_mels, params.f_min, params.f_max, bins).astype(np.float32)
    bank.flags.writeable = False
    return bank


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


def rows_of(hertz: np.ndarray, params: FeatureParams) -> np.ndarray:
    """At which height of a spectrogram frequencies stand: the middle of its first band is at 0.5."""
    low, high, mel = np.split(_hz_to_mel(np.array([params.f_min, params.f_max, *hertz])), (1, 2))
    return np.asarray((mel - low) / (high - low) * (params.n_mels + 1) - 0.5)


# Slaney's mel scale is linear below 1 kHz, 200/3 Hz to the mel, and logarithmic above, 27 mels to a factor of 6.4.
_LINEAR_HZ_PER_MEL = 200 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


def _hz_to_mel(hertz: np.ndarray) -> np.ndarray:
    logarithmic = _BREAK_MEL + np.log(np.maximum(hertz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hertz < _BREAK_HZ, hertz / _LINEAR_HZ_PER_MEL, logarithmic)


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    logarithmic = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ_PER_MEL, logarithmic)
