"""Where a signal holds voice: its level in the bands of speech, held against the noise that is always there."""

from collections import deque
from itertools import pairwise

import numpy as np

from ser.inference.frames import FRAME

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

LOUDEST_DB = 12.0
"""More than that above its noise, a band counts no more: one loud band alone, such as a beep, is no voice."""

DECAY = round(0.1 / FRAME)
"""Frames that still belong to a phrase when the level fell."""

SHORTEST_PAUSE = round(0.4 / FRAME)
"""Frames of quiet that part two phrases; fewer are closures and breaths within one."""

SHORTEST_PHRASE = round(0.2 / FRAME)
"""Frames; fewer, the decay included, are a click."""

_POWER_FLOOR = 1e-12


class VoiceGate:
    """Finds the phrases in a signal that comes in blocks.

    The noise floor of every band is a low percentile of its levels over `HISTORY`, so it follows a room that grows
    louder. What is given at once is judged at once: a long block is judged by what comes in it later, too.

    Args:
        frequencies: of the power spectra's bins, hertz.

    Attributes:
        phrases: the first frame of each that has ended, and the one after its last.
        begun: the first frame of the phrase that goes on; None in a pause.
        quiet_from: the frame after the last with voice.
        n_frames: how many were judged.
    """

    def __init__(self, frequencies: np.ndarray) -> None:
        inside = [(low <= frequencies) & (frequencies < high) for low, high in pairwise(BAND_EDGES)]
        self._bands = np.array([band for band in inside if band.any()], np.float32)  # (n_bands, n_frequencies)
        self._history: deque[np.ndarray] = deque()
        self._n_remembered = 0
        self.phrases: list[tuple[int, int]] = []
        self.begun: int | None = None
        self.quiet_from = 0
        self.n_frames = 0

    @property
    def speaking(self) -> bool:
        """Whether there was voice at the end of what was judged."""
        return self.begun is not None and self.n_frames - self.quiet_from <= DECAY

    def update(self, power: np.ndarray) -> None:
        """Judge the next frames by their power spectra, shape (n_frames, n_frequencies)."""
        if len(power) == 0:
            return
        level = 10 * np.log10(power @ self._bands.T + _POWER_FLOOR)  # dB, (n_frames, n_bands)
        self._remember(level)
        noise = np.maximum(np.percentile(np.concatenate(self._history), NOISE_PERCENTILE, axis=0), QUIETEST_DB)
        for excess in np.clip(level - noise, 0, LOUDEST_DB).mean(axis=1):
            self._judge(excess)

    def close(self) -> None:
        """End the phrase that goes on: the signal has ended."""
        if self.begun is not None:
            end = min(self.quiet_from + DECAY, self.n_frames)
            if end - self.begun >= SHORTEST_PHRASE:
                self.phrases.append((self.begun, end))
            self.begun = None

    def _remember(self, level: np.ndarray) -> None:
        self._history.append(level)
        self._n_remembered += len(level)
        while self._n_remembered - len(self._history[0]) > HISTORY / FRAME:
            self._n_remembered -= len(self._history.popleft())

    def _judge(self, excess: float) -> None:
        if excess > (STOP_DB if self.speaking else START_DB):
            if self.begun is None:
                self.begun = self.n_frames
            self.quiet_from = self.n_frames + 1
        elif self.n_frames + 1 - self.quiet_from >= SHORTEST_PAUSE:
            self.close()
        self.n_frames += 1
