"""A signal that comes in blocks, cut into frames: what voice activity and pictures are made from."""

from typing import NamedTuple

import numpy as np

FRAME = 0.02
"""Seconds."""


class Frames(NamedTuple):
    """Successive frames.

    Attributes:
        peaks: smallest and largest sample, float32, shape (n_frames, 2).
        power: spectrum, each bin's share of the mean square, float32, shape (n_frames, n_frequencies).
    """

    peaks: np.ndarray
    power: np.ndarray


class FrameStream:
    """Cuts a signal into frames of `FRAME` seconds; a spectrum is taken over twice that, centred on its frame.

    Args:
        sampling_rate: hertz.

    Attributes:
        hop: samples in a frame.
        frequencies: of the spectra's bins, hertz, shape (n_frequencies,).
    """

    def __init__(self, sampling_rate: int) -> None:
        self.hop = round(FRAME * sampling_rate)
        self.frequencies = np.fft.rfftfreq(2 * self.hop, 1 / sampling_rate)
        self._window = np.hanning(2 * self.hop + 1)[:-1].astype(np.float32)
        self._scale = np.float32(1 / (self.hop * (self._window**2).sum()))
        self._rest = np.zeros(self.hop // 2, np.float32)

    def add(self, signal: np.ndarray) -> Frames:
        """Take the next samples, shape (n_samples,), and give the frames whose spectra are complete."""
        signal = np.concatenate([self._rest, signal])
        n_frames = max(0, len(signal) // self.hop - 1)
        self._rest = signal[n_frames * self.hop :]
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(signal, (0, 2 * self.hop)), 2 * self.hop)
        windows = windows[:: self.hop][:n_frames]  # (n_frames, 2 * hop)
        inside = windows[:, self.hop // 2 : self.hop // 2 + self.hop]
        spectra = np.fft.rfft(windows * self._window)
        return Frames(
            peaks=np.stack([inside.min(axis=1), inside.max(axis=1)], axis=1),
            power=(spectra.real**2 + spectra.imag**2) * self._scale,
        )

    def close(self) -> Frames:
        """Give the frames that the signal's end left incomplete, as if silence followed."""
        before = self.hop // 2
        n_frames = -(-(len(self._rest) - before) // self.hop)
        return self.add(np.zeros((n_frames + 1) * self.hop - len(self._rest), np.float32))
