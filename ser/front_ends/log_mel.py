"""Front end `log_mel`: the power in mel bands, in decibels."""

from functools import lru_cache

import numpy as np

from ser.acoustics.mel import mel_filter_bank
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
