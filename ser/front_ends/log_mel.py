"""Front end `log_mel`: the power in mel bands, in decibels."""

from functools import lru_cache

import numpy as np

from ser.acoustics.mel import mel_filter_bank
from ser.params import FeatureParams, LogMelParams

FIXED_LENGTH = True

_POWER_FLOOR = 1e-10  # librosa.power_to_db's amin


def shapes(params: FeatureParams, settings: LogMelParams) -> dict[str, tuple[int, ...]]:
    """Of what `analyse` gives."""
    return {"log_mel": (settings.n_mels, settings.n_frames(params.n_samples))}


def analyse(signal: np.ndarray, params: FeatureParams, settings: LogMelParams) -> dict[str, np.ndarray]:
    """The array ``log_mel``: what `spectrogram` makes of a mono signal at ``params.sampling_rate`` hertz."""
    return {"log_mel": spectrogram(signal, params.sampling_rate, settings)}


def spectrogram(signal: np.ndarray, sampling_rate: int, settings: LogMelParams) -> np.ndarray:
    """Log-mel spectrogram in decibels below its loudest cell, of the whole signal.

    The reference is the recording's own maximum, so that the microphone's gain and distance do not matter.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,).
        sampling_rate: hertz.
        settings: ``n_fft`` and ``hop_length`` in samples, ``f_min`` and ``f_max`` in hertz.

    Returns:
        float32, shape (n_mels, n_frames), n_frames = 1 + n_samples // hop_length; from ``-top_db`` to 0 dB.

    Source:
        ``librosa.feature.melspectrogram(..., power=2, center=True, pad_mode="constant")``, then
        ``librosa.power_to_db(..., ref=np.max)``.
    """
    padded = np.pad(signal, settings.n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, settings.n_fft)[
        :: settings.hop_length
    ]  # (n_frames, n_fft)
    # Windowed in double: in float32, rounding shows 80 dB below the loudest bin.
    spectrum = np.fft.rfft(frames * _hann_window(settings.n_fft)).astype(np.complex64)  # (n_frames, 1 + n_fft // 2)
    power = spectrum.real**2 + spectrum.imag**2
    mel_power = _bank(settings, sampling_rate) @ power.T  # (n_mels, n_frames)
    decibels = 10 * np.log10(np.maximum(mel_power, np.float32(_POWER_FLOOR)))
    below_loudest: np.ndarray = np.maximum(decibels - decibels.max(), -np.float32(settings.top_db))
    return below_loudest


@lru_cache(maxsize=8)
def _hann_window(n_fft: int) -> np.ndarray:
    """Periodic Hann window, float64, shape (n_fft,)."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    window.flags.writeable = False
    return window


@lru_cache(maxsize=8)
def _bank(settings: LogMelParams, sampling_rate: int) -> np.ndarray:
    """The filters of these settings: float32, shape (n_mels, 1 + n_fft // 2)."""
    bins = np.fft.rfftfreq(settings.n_fft, 1 / sampling_rate)
    bank = mel_filter_bank(settings.n_mels, settings.f_min, settings.f_max, bins).astype(np.float32)
    bank.flags.writeable = False
    return bank
