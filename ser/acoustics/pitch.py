"""The fundamental frequency of a voice, frame by frame."""

from dataclasses import dataclass

import numpy as np

F_MIN, F_MAX = 65.0, 700.0
"""Hertz: from a low man's voice to a woman who screams."""

_WINDOW = 3 / F_MIN  # seconds: three periods
_CANDIDATES = 8
_SILENCE, _VOICING = 0.03, 0.45  # re the loudest sample; autocorrelation
_OCTAVE_COST, _JUMP_COST, _CHANGE_COST = 0.01, 0.35, 0.14  # per octave, per octave, from voiced to unvoiced or back


@dataclass(frozen=True)
class Pitch:
    """What is known of a voice's periodicity, each of shape (n_frames,).

    Attributes:
        f0: hertz; 0 where nothing is voiced.
        strength: normalised autocorrelation at the period that was taken; 0 where nothing is voiced.
        periodicity: the highest normalised autocorrelation at any period, voiced or not.
    """

    f0: np.ndarray
    strength: np.ndarray
    periodicity: np.ndarray

    @property
    def voiced(self) -> np.ndarray:
        """Where there is a fundamental frequency, bool."""
        voiced: np.ndarray = self.f0 > 0
        return voiced


def track_pitch(signal: np.ndarray, sampling_rate: int, hop_length: int) -> Pitch:
    """Follow the fundamental frequency from `F_MIN` to `F_MAX`, by the autocorrelation of windows of three periods.

    Args:
        signal: mono waveform, shape (n_samples,).
        sampling_rate: hertz; below 16 kHz, the highest voices may be found at a half or a third of their frequency.
        hop_length: samples from one frame to the next; frames are centred on its multiples.

    Returns:
        For 1 + n_samples // hop_length frames.

    Source:
        Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a
        sampled sound", IFA Proceedings 17, 1993; with its standard costs.
    """
    half = round(_WINDOW * sampling_rate / 2)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(signal, half), 2 * half)[::hop_length].astype(np.float64)
    loudness = np.abs(frames).max(axis=1) / max(float(np.abs(signal).max(initial=0.0)), 1e-9)
    correlation = _autocorrelation(frames - frames.mean(axis=1, keepdims=True))  # (n_frames, lags)
    shortest = max(1, int(sampling_rate / F_MAX))
    longest = min(int(sampling_rate / F_MIN), correlation.shape[1] - 1)
    left, middle, right = (correlation[:, shortest + by : longest + by] for by in (-1, 0, 1))
    peaks = (middle > left) & (middle >= right) & (middle > 0)
    # The top of the parabola through three lags.
    aside = np.where(peaks, (right - left) / 2 / np.where(peaks, 2 * middle - left - right, 1.0), 0.0)
    height = middle + (right - left) * aside / 4
    height = np.where(height > 1, 1 / np.maximum(height, 1), height)
    f0 = sampling_rate / (np.arange(shortest, longest) + aside)
    score = np.where(peaks, height - _OCTAVE_COST * np.log2(F_MIN / f0), -np.inf)
    best = np.argsort(-score, axis=1)[:, :_CANDIDATES]
    score, f0, height = (np.take_along_axis(values, best, axis=1) for values in (score, f0, height))
    unvoiced = _VOICING + np.maximum(0, 2 - loudness * (1 + _VOICING) / _SILENCE)
    chosen = _cheapest_path(np.maximum(np.column_stack([unvoiced, score]), -1e3), np.log2(f0))
    voiced, place = chosen > 0, (np.arange(len(chosen)), np.maximum(chosen - 1, 0))
    return Pitch(np.where(voiced, f0[place], 0.0), np.where(voiced, height[place], 0.0), middle.max(axis=1))


def _autocorrelation(frames: np.ndarray) -> np.ndarray:
    """Of each frame, less what its window does: 1 at lag 0; up to two thirds of the frame."""
    n_lags, size = frames.shape[1] * 2 // 3, 2 * frames.shape[1]
    window = np.hanning(frames.shape[1])
    ours, windows = (
        np.fft.irfft(np.abs(np.fft.rfft(each, size)) ** 2)[..., :n_lags] for each in (frames * window, window)
    )
    normalised: np.ndarray = ours / np.maximum(ours[:, :1], 1e-12) / (windows / windows[0])
    return normalised


def _cheapest_path(scores: np.ndarray, octaves: np.ndarray) -> np.ndarray:
    """Take in every frame the candidate of the best whole, by Viterbi's algorithm.

    Args:
        scores: shape (n_frames, 1 + n_candidates), the first of them to be unvoiced.
        octaves: logarithm to base 2 of the candidates' frequencies, shape (n_frames, n_candidates).

    Returns:
        Columns of `scores`, shape (n_frames,).
    """
    n_frames, n_choices = scores.shape
    total, came_from = scores[0], np.zeros((n_frames, n_choices), int)
    cost = np.zeros((n_choices, n_choices))
    cost[0, 1:] = cost[1:, 0] = _CHANGE_COST
    for frame in range(1, n_frames):
        cost[1:, 1:] = _JUMP_COST * np.abs(octaves[frame - 1][:, None] - octaves[frame])
        reached = total[:, None] - cost
        came_from[frame] = reached.argmax(axis=0)
        total = reached.max(axis=0) + scores[frame]
    path = np.full(n_frames, total.argmax())
    for frame in range(n_frames - 1, 0, -1):
        path[frame - 1] = came_from[frame, path[frame]]
    return path
