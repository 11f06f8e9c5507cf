"""Where a signal holds voice: its level in the bands of speech, held against the noise that is always there."""

from collections import deque
from itertools import pairwise

import numpy as np

from ser.cells import CELL

BAND_EDGES = (100, 250, 500, 800, 1200, 1700, 2400, 3200, 4000)
"""Hertz; between them lie the bands that are looked at, where a voice has its energy."""

HISTORY = 30.0
"""Seconds of the past, besides what is given at once, from which the noise is told."""

NOISE_PERCENTILE = 10
"""Of a band's levels: what is there when nobody speaks, as long as somebody pauses a tenth of the time."""

QUIETEST_DB = -75.0
"""Level of a band, in dB re full scale, that counts as noise at the least: a recorder's hiss is no voice."""

START_DB, STOP_DB = 5.5, 4.0
"""Mean of the bands' levels above their noise, in dB, at which voice begins, and below which it ends."""

LOUDEST_DB = 25.0
"""More than that above its noise, a band counts no more: one loud band alone, such as a beep, is no voice."""

HANG_OVER = 0.1
"""Seconds for which voice goes on after the level fell: closures and breaths within a phrase."""

SHORTEST_VOICE, SHORTEST_PAUSE = 0.2, 0.3
"""Seconds: less, hang-over included, is a click; a shorter pause belongs to the phrase."""

_POWER_FLOOR = 1e-12


class VoiceGate:
    """Tells voice from pauses, in a signal that comes in blocks.

    The noise floor of every band is a low percentile of its levels over `HISTORY`, so it follows a room that grows
    louder. What is given at once is judged at once: a long block is judged by what comes in it later, too.

    Args:
        frequencies: of the power spectra's bins, hertz.
    """

    def __init__(self, frequencies: np.ndarray) -> None:
        inside = [(low <= frequencies) & (frequencies < high) for low, high in pairwise(BAND_EDGES)]
        self._bands = np.array([band for band in inside if band.any()], np.float32)  # (n_bands, n_frequencies)
        self._history: deque[np.ndarray] = deque()
        self._n_remembered = 0
        self._voice = False
        self._quiet = 0  # cells since the level fell

    def update(self, power: np.ndarray) -> np.ndarray:
        """Judge the next cells by their power spectra, shape (n_cells, n_frequencies).

        Returns:
            bool, shape (n_cells,): whether each holds voice.
        """
        level = 10 * np.log10(power @ self._bands.T + _POWER_FLOOR)  # dB, (n_cells, n_bands)
        self._remember(level)
        noise = np.maximum(np.percentile(np.concatenate(self._history), NOISE_PERCENTILE, axis=0), QUIETEST_DB)
        excess = np.clip(level - noise, 0, LOUDEST_DB).mean(axis=1)
        return np.array([self._decide(one) for one in excess], dtype=bool)

    def _remember(self, level: np.ndarray) -> None:
        self._history.append(level)
        self._n_remembered += len(level)
        while self._n_remembered - len(self._history[0]) > HISTORY / CELL:
            self._n_remembered -= len(self._history.popleft())

    def _decide(self, excess: float) -> bool:
        if excess > (STOP_DB if self._voice else START_DB):
            self._voice, self._quiet = True, 0
        else:
            self._quiet += 1
            self._voice = self._voice and self._quiet <= HANG_OVER / CELL
        return self._voice


def voice_intervals(voice: np.ndarray) -> np.ndarray:
    """Join the cells that hold voice to phrases: pauses below `SHORTEST_PAUSE` are bridged, clicks left out.

    Args:
        voice: bool, shape (n_cells,).

    Returns:
        float64, shape (n_phrases, 2): when each begins and ends, in seconds.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voice, [False]]).astype(np.int8)))
    pause = edges[2::2] - edges[1:-1:2] >= round(SHORTEST_PAUSE / CELL)  # between each stretch of voice and the next
    phrases = edges[np.concatenate([[True], np.repeat(pause, 2), [True]])[: len(edges)]].reshape(-1, 2)
    long_enough = phrases[:, 1] - phrases[:, 0] >= round(SHORTEST_VOICE / CELL)
    seconds: np.ndarray = phrases[long_enough] * CELL
    return seconds
