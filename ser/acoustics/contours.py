"""Low-level descriptors of a voice: its pitch, quality, loudness and timbre from frame to frame."""

import numpy as np

from ser.acoustics.mel import cosines, mel_filter_bank
from ser.acoustics.pitch import track_pitch

OF_VOICE = ("pitch", "jitter", "jitter_ddp", "shimmer", "hnr", "h1_h2", "h1_a3")
"""Known where there is voice: semitones, shares of a period, decibels."""

OF_SOUND = (
    "voiced",
    "periodicity",
    "loudness",
    "zero_crossings",
    "flux",
    "onset",
    "centroid",
    "spread",
    "skewness",
    "kurtosis",
    "entropy",
    "slope",
    "alpha_ratio",
    "hammarberg",
    "share_250_650",
    "share_1000_4000",
    "share_4000_8000",
    "sharpness",
    *(f"rolloff_{share}" for share in (25, 50, 75, 90)),
    *(f"mfcc_{number}" for number in range(1, 15)),
    *(f"band_{band}" for band in range(1, 27)),
)
"""Known in every frame."""

_WINDOW = 0.032  # seconds
_N_MELS = 26
_FLOOR = 1e-10


def contours(signal: np.ndarray, sampling_rate: int, hop_length: int) -> np.ndarray:
    """Describe a signal frame by frame. Its loudness as a whole does not matter.

    Args:
        signal: mono waveform, shape (n_samples,).
        sampling_rate: hertz.
        hop_length: samples from one frame to the next; frames are centred on its multiples.

    Returns:
        float32, shape (len(OF_VOICE) + len(OF_SOUND), 1 + n_samples // hop_length); what is `OF_VOICE` is 0 elsewhere.

    Source:
        Eyben et al., "The Geneva minimalistic acoustic parameter set", IEEE Trans. Affective Computing 7(2), 2016, for
        the ratios; Weninger et al., "On the acoustics of emotion in audio", Frontiers in Psychology 4, 2013, for what
        is described.
    """
    signal = signal / max(float(np.sqrt(np.mean(signal**2, dtype=np.float64))), 1e-9) if len(signal) else signal
    half = round(_WINDOW * sampling_rate / 2)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(signal, half), 2 * half)[::hop_length].astype(np.float64)
    magnitude = np.abs(np.fft.rfft(frames * np.hanning(2 * half)))  # (n_frames, 1 + half)
    hertz = np.fft.rfftfreq(2 * half, 1 / sampling_rate)
    loudness = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-8)
    voice = _of_voice(signal, sampling_rate, hop_length, loudness, 20 * np.log10(magnitude + 1e-5))
    sound = [
        loudness,
        np.mean(np.diff(np.signbit(frames), axis=1), axis=1),
        *_changes(magnitude),
        *_shape(magnitude**2 + _FLOOR, hertz),
        *_timbre(magnitude**2, hertz),
    ]
    return np.stack([*voice, *sound]).astype(np.float32)


def _of_voice(
    signal: np.ndarray, sampling_rate: int, hop_length: int, loudness: np.ndarray, decibels: np.ndarray
) -> list[np.ndarray]:
    """`OF_VOICE`, then whether there is voice, and how periodic the sound is, in decibels."""
    pitch = track_pitch(signal, sampling_rate, hop_length)
    voiced = pitch.voiced
    both = voiced & np.concatenate([[False], voiced[:-1]])  # and in the frame before
    period = np.where(voiced, 1 / np.where(voiced, pitch.f0, 1), 0)
    change = np.diff(period, prepend=period[:1])
    bins = 2 * (decibels.shape[1] - 1) / sampling_rate

    def harmonic(number: int) -> np.ndarray:
        nearest = np.clip(np.round(number * pitch.f0 * bins).astype(int), 1, decibels.shape[1] - 2)
        around = nearest[:, None] + np.array([-1, 0, 1])
        return np.asarray(np.take_along_axis(decibels, around, axis=1).max(axis=1))

    third_formant = decibels[:, round(2000 * bins) : round(3500 * bins)].max(axis=1, initial=decibels.min())
    jitter = np.abs(change) / np.where(both, period, 1)
    twice = np.abs(np.diff(change, append=0.0)) / np.where(both, period, 1)
    where_voiced = [
        12 * np.log2(np.where(voiced, pitch.f0, 55) / 55),
        np.where(both, jitter, 0),
        np.where(both, np.minimum(twice, 0.2), 0),
        np.where(both, np.minimum(np.abs(np.diff(loudness, prepend=loudness[:1])), 10), 0),
        _ratio_in_decibels(pitch.strength),
        harmonic(1) - harmonic(2),
        harmonic(1) - third_formant,
    ]
    return [*(np.where(voiced, values, 0) for values in where_voiced), voiced, _ratio_in_decibels(pitch.periodicity)]


def _ratio_in_decibels(correlation: np.ndarray) -> np.ndarray:
    """Harmonics to noise, from the share of harmonics."""
    share = np.clip(correlation, 1e-3, 1 - 1e-4)
    return np.asarray(10 * np.log10(share / (1 - share)))


def _changes(magnitude: np.ndarray) -> list[np.ndarray]:
    """How much the form of the spectrum changes, and how much of it grows (a logarithm)."""
    form = magnitude / (magnitude.sum(axis=1, keepdims=True) + 1e-6)
    grown = np.maximum(np.diff(magnitude, axis=0, prepend=magnitude[:1]), 0).sum(axis=1)
    return [np.sqrt((np.diff(form, axis=0, prepend=form[:1]) ** 2).sum(axis=1)), np.log(grown + 1e-2)]


def _shape(power: np.ndarray, hertz: np.ndarray) -> list[np.ndarray]:
    """Moments and slope of the spectrum, and how it is shared among its parts."""
    share = power / power.sum(axis=1, keepdims=True)
    centroid = share @ hertz
    distance = hertz - centroid[:, None]
    spread = np.sqrt((share * distance**2).sum(axis=1)) + 1.0
    decibels = 10 * np.log10(power)
    spoken = (hertz >= 90) & (hertz <= 5000)
    centred = hertz[spoken] / 1000 - np.mean(hertz[spoken] / 1000)

    def part(low: float, high: float, what: np.ndarray = share) -> np.ndarray:
        return what[:, (hertz >= low) & (hertz < high)]

    def level(low: float, high: float) -> np.ndarray:
        return np.asarray(10 * np.log10(part(low, high).sum(axis=1) + 1e-8))

    peaks = [part(*limits, decibels).max(axis=1, initial=decibels.min()) for limits in ((0, 2000), (2000, 5000))]
    below = np.cumsum(share, axis=1)
    rolloffs = [hertz[np.minimum((below < limit).sum(axis=1), len(hertz) - 1)] for limit in (0.25, 0.5, 0.75, 0.9)]
    return [
        centroid / 1000,
        spread / 1000,
        (share * (distance / spread[:, None]) ** 3).sum(axis=1),
        np.log((share * (distance / spread[:, None]) ** 4).sum(axis=1) + 1e-3),
        -(share * np.log(share)).sum(axis=1),
        decibels[:, spoken] @ centred / (centred @ centred),
        level(50, 1000) - level(1000, 5000),
        peaks[0] - peaks[1],
        level(250, 650),
        level(1000, 4000),
        level(4000, 8000),
        np.log(share @ (hertz / 1000) ** 1.2 + 1e-3),
        *(np.log(rolloff + 50) for rolloff in rolloffs),
    ]


def _timbre(power: np.ndarray, hertz: np.ndarray) -> np.ndarray:
    """Cepstral coefficients, and mel bands relative to their mean: what a microphone adds to a band is left out."""
    bank = mel_filter_bank(_N_MELS, 20.0, hertz[-1], hertz)
    bands = np.log(power @ bank.T + 1e-5).T  # (_N_MELS, n_frames)
    lifter = (1 + 11 * np.sin(np.pi * np.arange(1, 15)[:, None] / 22)) / 11
    return np.concatenate([cosines(15, _N_MELS)[1:] @ bands * lifter, bands - bands.mean(axis=1, keepdims=True)])
