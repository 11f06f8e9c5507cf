"""The emotions of a long recording over time: overlapping windows, read where there is voice."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, islice
from math import ceil
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from ser.audio_blocks import open_blocks, resample_blocks
from ser.cells import Cells, CellStream
from ser.errors import InputError
from ser.features import front_end, prepare_signal
from ser.overview import Overview, OverviewBuilder
from ser.params import FeatureParams
from ser.predictor import Predictor
from ser.voice_activity import VoiceGate, voice_intervals

SHORTEST_HOP = 0.05
"""Seconds."""

MIN_VOICE = 1 / 6
"""Share of a window that must hold voice for it to be read: half a second of three."""

_STRETCH = 500  # cells that the voice gate judges at once: 10 s
_BATCH = 4  # windows that the network reads at once

Progress = Callable[[float, float | None], None]
"""Called with the seconds that were read, and with those there are, if the recording's header says so."""


class Segment(NamedTuple):
    """A time in which one emotion prevails; start and end in seconds, confidence its mean probability."""

    start: float
    end: float
    emotion: str
    confidence: float


@dataclass(frozen=True)
class Timeline:
    """What a model hears in a recording over time.

    Attributes:
        classes: the emotions.
        window: seconds that the model hears at once.
        hop: seconds from the start of a window to that of the next.
        duration: of the recording, in seconds.
        starts: of the windows, in seconds, shape (n_windows,); the last one may reach beyond the recording's end.
        voiced: bool, shape (n_windows,): whether there is enough voice in each, so that it was read.
        probabilities: float64, shape (n_windows, n_classes), rows sum to 1; NaN where a window was not read.
        voice: the phrases, from and to which second there is voice, float64, shape (n_phrases, 2).
        overview: the waveform's envelope and the spectrogram, for a picture.
    """

    classes: tuple[str, ...]
    window: float
    hop: float
    duration: float
    starts: np.ndarray
    voiced: np.ndarray
    probabilities: np.ndarray
    voice: np.ndarray
    overview: Overview

    def smoothed(self) -> np.ndarray:
        """Probabilities in steps of a hop: of each, the mean of all windows that were read and hear it.

        Returns:
            float64, shape (n_steps, n_classes), of the steps from 0 s on to the end; NaN where no window was read.
        """
        n_steps = max(1, ceil(round(self.duration / self.hop, 6)))
        total = np.zeros((n_steps, len(self.classes)))
        count = np.zeros((n_steps, 1))
        reach = max(1, round(self.window / self.hop))
        for first in np.flatnonzero(self.voiced):
            total[first : first + reach] += self.probabilities[first]
            count[first : first + reach] += 1
        return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)

    def segments(self) -> list[Segment]:
        """Divide every phrase where the most probable emotion changes, by the smoothed probabilities.

        A phrase's beginning and end are where the voice begins and ends; a change falls on a multiple of the hop.
        """
        smoothed = self.smoothed()
        best = np.where(np.isnan(smoothed[:, 0]), -1, smoothed.argmax(axis=1))
        found: list[Segment] = []
        for start, end in self.voice:
            # Rounded, so that no splinter of a step is left at either end.
            first = min(round(start / self.hop), len(best) - 1)
            last = min(max(first + 1, round(end / self.hop)), len(best))
            for emotion, run in groupby(range(first, last), key=best.__getitem__):
                steps = list(run)
                if emotion >= 0:
                    begins = start if steps[0] == first else steps[0] * self.hop
                    ends = end if steps[-1] == last - 1 else (steps[-1] + 1) * self.hop
                    confidence = smoothed[steps, emotion].mean()
                    found.append(Segment(float(begins), float(ends), self.classes[emotion], float(confidence)))
        return found


def read_timeline(
    predictor: Predictor,
    recording: str | Path | BinaryIO,
    *,
    hop: float | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Timeline:
    """Read a recording of any length, window by window; memory does not grow with it.

    A window is read as `Predictor.predict` reads a recording of its length: trimmed, and padded if that made it short.

    Args:
        predictor: its model says how long a window is.
        recording: a file's path or an open file, of any kind that `Predictor.predict` takes.
        hop: seconds from window to window; None: a third of the window.
        jobs: number of threads; None: as many as there are cores.
        progress: told, now and then, how far the reading is.

    Raises:
        InputError: the hop is out of range, or the recording cannot be used; one without voice can.
    """
    params = predictor.model.description.front_end
    hop = params.duration / 3 if hop is None else hop
    if not SHORTEST_HOP <= hop <= params.duration:
        raise InputError(f"expected a hop of {SHORTEST_HOP:g} to {params.duration:g} s, the window; got {hop:g}")
    with open_blocks(recording) as audio:
        reader = _WindowReader(params, round(hop * params.sampling_rate))
        signal = resample_blocks(audio.blocks, audio.sampling_rate, params.sampling_rate)
        windows = reader.windows(_told(signal, params.sampling_rate, audio.seconds, progress))
        rows = list(_read_all(predictor, windows, jobs))
    probabilities = np.concatenate(rows)
    return Timeline(
        classes=predictor.classes,
        window=params.duration,
        hop=reader.hop / params.sampling_rate,
        duration=reader.n_samples / params.sampling_rate,
        starts=np.arange(len(probabilities)) * reader.hop / params.sampling_rate,
        voiced=np.isfinite(probabilities[:, 0]),
        probabilities=probabilities,
        voice=np.minimum(voice_intervals(reader.voice), reader.n_samples / params.sampling_rate),
        overview=reader.overview.overview(),
    )


def _told(
    blocks: Iterable[np.ndarray], sampling_rate: int, seconds: float | None, progress: Progress | None
) -> Iterator[np.ndarray]:
    n_samples = 0
    for block in blocks:
        yield block
        n_samples += len(block)
        if progress is not None:
            progress(n_samples / sampling_rate, seconds)


class _WindowReader:
    """Cuts a signal that comes in blocks into windows, and looks for voice in it.

    Args:
        params: of the front end, for which the windows are.
        hop: samples from window to window.

    Attributes:
        voice: whether each cell so far holds voice, bool, shape (n_cells,).
        overview: of the signal so far.
        n_samples: of the signal so far.
    """

    def __init__(self, params: FeatureParams, hop: int) -> None:
        self.hop, self.size = hop, params.n_samples
        self._cells = CellStream(params.sampling_rate)
        self._gate = VoiceGate(self._cells.frequencies)
        self.overview = OverviewBuilder(self._cells.frequencies)
        self.voice = np.empty(0, bool)
        self.n_samples = 0

    def windows(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray | None]:
        """Yield every window, at most `size` samples, or None where there is too little voice in it."""
        buffer, start = np.empty(0, np.float32), 0  # the signal from sample `start` on, where the next window begins
        for stretch in _of_length(blocks, _STRETCH * self._cells.hop):
            self._look(self._cells.add(stretch))
            buffer = np.concatenate([buffer, stretch])
            self.n_samples += len(stretch)
            while start + self.size <= len(self.voice) * self._cells.hop:
                yield self._window(buffer, start)
                buffer, start = buffer[self.hop :], start + self.hop
        self._look(self._cells.close())
        while start == 0 or start - self.hop + self.size < self.n_samples:
            yield self._window(buffer, start)
            buffer, start = buffer[self.hop :], start + self.hop

    def _look(self, cells: Cells) -> None:
        self.voice = np.concatenate([self.voice, self._gate.update(cells.power)])
        self.overview.add(cells)

    def _window(self, buffer: np.ndarray, start: int) -> np.ndarray | None:
        cells = self.voice[start // self._cells.hop : (start + self.size) // self._cells.hop]
        enough = MIN_VOICE * self.size / self._cells.hop
        return buffer[: self.size] if np.count_nonzero(cells) >= enough else None


def _of_length(blocks: Iterable[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """Cut a signal that comes in blocks into others, all of `length` samples but the last."""
    rest: list[np.ndarray] = []
    n_rest = 0
    for block in blocks:
        rest.append(block)
        n_rest += len(block)
        if n_rest >= length:
            signal = np.concatenate(rest)
            n_rest = len(signal) % length
            yield from signal[: len(signal) - n_rest].reshape(-1, length)
            rest = [signal[len(signal) - n_rest :]]
    if n_rest:
        yield np.concatenate(rest)


def _read_all(predictor: Predictor, windows: Iterator[np.ndarray | None], jobs: int | None) -> Iterator[np.ndarray]:
    """Yield the windows' probabilities, in order, (n_windows, n_classes), with only a few windows in memory at once."""
    jobs = jobs or os.cpu_count() or 1
    pending: deque[Future[np.ndarray]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        while batch := list(islice(windows, _BATCH)):
            pending.append(pool.submit(_read, predictor, batch))
            if len(pending) > 2 * jobs:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _read(predictor: Predictor, windows: list[np.ndarray | None]) -> np.ndarray:
    params = predictor.model.description.front_end
    probabilities = np.full((len(windows), len(predictor.classes)), np.nan)
    signals = {i: signal for i, signal in enumerate(windows) if signal is not None}
    if signals:
        features = [
            front_end(prepare_signal(signal[:, np.newaxis], params.sampling_rate, params), params)
            for signal in signals.values()
        ]
        probabilities[list(signals)] = predictor.model.probabilities(np.stack(features))
    return probabilities
