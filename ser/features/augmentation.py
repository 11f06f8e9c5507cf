"""Copies of an utterance, changed on the waveform: noise, pitch shift, time stretch."""

from dataclasses import dataclass
from typing import Literal
from zlib import crc32

import numpy as np

from ser.params import AugmentParams

Method = Literal["noise", "pitch_shift", "time_stretch"]


@dataclass(frozen=True)
class Copy:
    """One changed copy of one utterance, before it is made.

    Attributes:
        utterance_id: the utterance it is a copy of.
        method: what is changed.
        index: which of the utterance's copies by this method, from 0.
        amount: how much: dB of signal-to-noise ratio, semitones, or rate.
        seed: of the noise.
    """

    utterance_id: str
    method: Method
    index: int
    amount: float
    seed: tuple[int, ...]

    @property
    def id(self) -> str:
        """Name of the copy, unique in the corpus.

        >>> Copy("ravdess-01-03-01-01-01-01-01", "noise", 0, amount=20.0, seed=(0,)).id
        'ravdess-01-03-01-01-01-01-01+noise0'
        """
        return f"{self.utterance_id}+{self.method}{self.index}"


def plan_copies(utterance_id: str, params: AugmentParams) -> list[Copy]:
    """Draw the copies of one utterance.

    An amount depends on the seed, the utterance's id, the method and the copy's index alone: it stays the same when
    other utterances come or go, when another method's copies are switched off, and when more copies are asked for.

    Args:
        utterance_id: a train utterance; copies of others would leak.
        params: number of copies and range of the amount for each method; the amount is uniform in its range.
    """
    ranges: dict[Method, tuple[int, tuple[float, float]]] = {
        "noise": (params.noise.copies, params.noise.snr_db),
        "pitch_shift": (params.pitch_shift.copies, params.pitch_shift.semitones),
        "time_stretch": (params.time_stretch.copies, params.time_stretch.rate),
    }
    copies = []
    for method_index, (method, (n_copies, (low, high))) in enumerate(ranges.items()):
        for index in range(n_copies):
            seed = (params.seed, crc32(utterance_id.encode()), method_index, index)
            amount = float(np.random.default_rng(seed).uniform(low, high))
            # The fifth word makes the noise independent of its own level.
            copies.append(Copy(utterance_id, method, index, amount, seed=(*seed, 1)))
    return copies


def augment(signal: np.ndarray, sampling_rate: int, copy: Copy) -> np.ndarray:
    """Make `copy` out of its utterance's waveform.

    Args:
        signal: float32, shape (n_samples,).
        sampling_rate: hertz.
        copy: what `plan_copies` drew.

    Returns:
        float32, shape (n_samples,), or (about n_samples / rate,) for a time stretch; may leave [-1, 1].
    """
    match copy.method:
        case "noise":
            return add_noise(signal, copy.amount, np.random.default_rng(copy.seed))
        case "pitch_shift":
            return pitch_shift(signal, sampling_rate, copy.amount)
        case "time_stretch":
            return time_stretch(signal, copy.amount)


def add_noise(signal: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """Add white Gaussian noise.

    Args:
        signal: float32, shape (n_samples,).
        snr_db: mean power of the signal over that of the noise, dB.
        rng: where the noise comes from.

    Returns:
        float32, shape (n_samples,); may leave [-1, 1]. Digital silence stays silent.
    """
    noise_rms = np.sqrt(np.mean(np.square(signal, dtype=np.float64)) / 10 ** (snr_db / 10))
    noise = rng.standard_normal(len(signal), dtype=np.float32)
    noisy: np.ndarray = signal + np.float32(noise_rms) * noise
    return noisy


def pitch_shift(signal: np.ndarray, sampling_rate: int, semitones: float) -> np.ndarray:
    """Move the pitch up, or down if `semitones` is negative, and keep the duration.

    Args:
        signal: float32, shape (n_samples,).
        sampling_rate: hertz.
        semitones: twelve double every frequency. Formants move along.

    Returns:
        float32, shape (n_samples,); may leave [-1, 1].

    Source:
        ``librosa.effects.pitch_shift``, a phase vocoder followed by resampling.
    """
    import librosa  # noqa: PLC0415 (slow to import, and drawing copies does without it)

    shifted: np.ndarray = librosa.effects.pitch_shift(signal, sr=sampling_rate, n_steps=semitones)
    return shifted


def time_stretch(signal: np.ndarray, rate: float) -> np.ndarray:
    """Change the duration and keep the pitch.

    Args:
        signal: float32, shape (n_samples,).
        rate: 2 is twice as fast.

    Returns:
        float32, shape (round(n_samples / rate),); may leave [-1, 1].

    Source:
        ``librosa.effects.time_stretch``, a phase vocoder.
    """
    import librosa  # noqa: PLC0415 (as above)

    stretched: np.ndarray = librosa.effects.time_stretch(signal, rate=rate)
    return stretched
