"""A recording in as many columns as a picture is wide: its waveform's envelope and its spectrogram."""

from dataclasses import dataclass

import numpy as np

from ser.inference.frames import FRAME, Frames

MAX_COLUMNS = 2048
"""At so many columns, two and two become one."""

MAX_BANDS = 96
"""Of the spectrogram, all equally wide."""

HIGHEST_HZ = 8_000.0

_POWER_FLOOR = 1e-12


@dataclass(frozen=True)
class Overview:
    """What the picture of a recording is drawn from.

    Attributes:
        column: seconds that a column stands for.
        peaks: smallest and largest sample in each column, float32, shape (n_columns, 2).
        spectrogram: mean power in each band, in dB re full scale, float32, shape (n_columns, n_bands).
        band_edges: hertz, ascending, shape (n_bands + 1,).
    """

    column: float
    peaks: np.ndarray
    spectrogram: np.ndarray
    band_edges: np.ndarray


class OverviewBuilder:
    """Makes an `Overview` of a recording that comes in blocks, in constant memory however long it is.

    Args:
        frequencies: of the power spectra's bins, hertz, ascending from 0.
    """

    def __init__(self, frequencies: np.ndarray) -> None:
        n_bands = min(MAX_BANDS, len(frequencies) // 2)  # so that there is a bin in each
        self._edges = np.linspace(0, min(HIGHEST_HZ, frequencies[-1]), n_bands + 1)
        of_bin = np.digitize(frequencies, self._edges) - 1
        bank = (of_bin == np.arange(n_bands)[:, np.newaxis]).astype(np.float32)  # (n_bands, n_frequencies)
        self._bank = bank / bank.sum(axis=1, keepdims=True)
        self._frames = 1  # in a column
        self._columns = np.empty((0, 2 + n_bands), np.float32)  # lowest and highest sample, bands
        self._rest = self._columns  # frames of the column to come

    def add(self, frames: Frames) -> None:
        """Take the next frames."""
        rows = np.concatenate([self._rest, np.hstack([frames.peaks, frames.power @ self._bank.T])])
        while len(rows) >= self._frames:
            n = min(len(rows) // self._frames, MAX_COLUMNS - len(self._columns))
            self._columns = np.concatenate([self._columns, _joined(rows[: n * self._frames], self._frames)])
            rows = rows[n * self._frames :]
            if len(self._columns) == MAX_COLUMNS:
                self._columns, self._frames = _joined(self._columns, 2), 2 * self._frames
        self._rest = rows

    def overview(self) -> Overview:
        """What was made of all that came; the last column may stand for less than the others."""
        rest = [_joined(self._rest, len(self._rest))] if len(self._rest) else []
        columns = np.concatenate([self._columns, *rest])
        return Overview(
            column=self._frames * FRAME,
            peaks=columns[:, :2],
            spectrogram=10 * np.log10(columns[:, 2:] + np.float32(_POWER_FLOOR)),
            band_edges=self._edges,
        )


def _joined(rows: np.ndarray, n: int) -> np.ndarray:
    """Join every `n` rows, (n_rows, 2 + n_bands), to one."""
    groups = rows.reshape(-1, n, rows.shape[1])
    return np.concatenate(
        [groups[:, :, :1].min(axis=1), groups[:, :, 1:2].max(axis=1), groups[:, :, 2:].mean(axis=1)], axis=1
    )
