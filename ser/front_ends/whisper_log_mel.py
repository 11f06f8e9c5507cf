"""Front end `whisper_log_mel`: the spectrogram that the encoders of Whisper read."""

from functools import lru_cache

import numpy as np

from ser.acoustics.mel import mel_filter_bank
from ser.params import FeatureParams, WhisperLogMelParams

FIXED_LENGTH = False
"""A signal is not padded: frames behind its end are marked, and no network takes them for silence."""

LOWEST, BEHIND_THE_END = -1.5, -2.0
"""What a signal's cells hold at least, and what the frames behind its end hold."""

END = (LOWEST + BEHIND_THE_END) / 2
"""What tells the two apart."""

SAMPLING_RATE, N_FFT, HOP_LENGTH = 16_000, 400, 160
"""Hertz, samples, samples: of all Whispers."""

_SHORTEST = 1600
"""Samples; shorter signals are padded with zeros."""

_POWER_FLOOR = 1e-10  # becomes LOWEST
_RANGE = 8.0  # powers of ten below the loudest cell


def shapes(params: FeatureParams, settings: WhisperLogMelParams) -> dict[str, tuple[int, ...]]:
    """Of what `analyse` gives."""
    return {"whisper_log_mel": (settings.n_mels, settings.n_frames(params.n_samples))}


def analyse(signal: np.ndarray, params: FeatureParams, settings: WhisperLogMelParams) -> dict[str, np.ndarray]:
    """The array ``whisper_log_mel``: a signal's `spectrogram`, and `BEHIND_THE_END` up to the duration."""
    heard = spectrogram(signal, settings.n_mels)
    whole = np.full(shapes(params, settings)["whisper_log_mel"], BEHIND_THE_END, np.float32)
    whole[:, : heard.shape[1]] = heard[:, : whole.shape[1]]
    return {"whisper_log_mel": whole}


def spectrogram(signal: np.ndarray, n_mels: int) -> np.ndarray:
    """Log-mel spectrogram as Whisper has it, of the signal alone, not padded to 30 s.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,), at `SAMPLING_RATE` hertz.
        n_mels: bands: 80, or 128 for large-v3.

    Returns:
        float32, shape (n_mels, n_frames), n_frames = n_samples // `HOP_LENGTH`. A step of 1 is 40 dB; the loudest cell
        is at most 80 dB above the lowest.

    Source:
        Radford et al., "Robust speech recognition via large-scale weak supervision", 2022, and its code,
        ``whisper.audio.log_mel_spectrogram``.
    """
    padded = np.pad(signal, (0, max(0, _SHORTEST - len(signal))))
    mirrored = np.pad(padded, N_FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(mirrored, N_FFT)[::HOP_LENGTH][: len(padded) // HOP_LENGTH]
    spectrum = np.fft.rfft(frames * _hann_window()).astype(np.complex64)  # (n_frames, 1 + N_FFT // 2)
    power = spectrum.real**2 + spectrum.imag**2
    mel_power = _bank(n_mels) @ power.T  # (n_mels, n_frames)
    powers = np.log10(np.maximum(mel_power, np.float32(_POWER_FLOOR)))
    scaled: np.ndarray = (np.maximum(powers, powers.max() - np.float32(_RANGE)) + np.float32(4)) / np.float32(4)
    return scaled


@lru_cache(maxsize=1)
def _hann_window() -> np.ndarray:
    """Periodic, float64, shape (N_FFT,)."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    window.flags.writeable = False
    return window


@lru_cache(maxsize=2)
def _bank(n_mels: int) -> np.ndarray:
    """float32, shape (n_mels, 1 + N_FFT // 2)."""
    bins = np.fft.rfftfreq(N_FFT, 1 / SAMPLING_RATE)
    bank = mel_filter_bank(n_mels, 0.0, SAMPLING_RATE / 2, bins).astype(np.float32)
    bank.flags.writeable = False
    return bank
