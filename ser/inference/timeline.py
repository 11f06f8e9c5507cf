"""The emotions of a long recording over time: overlapping windows, read where there is voice."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from ser.audio.blocks import open_blocks, resample_blocks
from ser.errors import InputError
from ser.inference.overview import Overview, OverviewBuilder
from ser.inference.predictor import Predictor
from ser.inference.windows import WindowCutter, default_hop

SHORTEST_HOP = 0.05
"""Seconds."""

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
        window: the most seconds that the model hears at once.
        hop: seconds between windows in a phrase.
        duration: of the recording, in seconds.
        voice: where each phrase starts and ends, seconds, shape (n_phrases, 2).
        starts: of the windows, seconds, ascending, shape (n_windows,); all of a window lies in one phrase.
        ends: of the windows, seconds, shape (n_windows,).
        probabilities: in each window, float64, shape (n_windows, n_classes), rows sum to 1.
        overview: the waveform's envelope and the spectrogram, for a picture.
        notes: what is missing of the recording, or odd about it; lines that begin with its name.
    """

    classes: tuple[str, ...]
    window: float
    hop: float
    duration: float
    voice: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    probabilities: np.ndarray
    overview: Overview
    notes: tuple[str, ...] = ()

    def probabilities_at(self, times: np.ndarray) -> np.ndarray:
        """Smooth: the mean of all windows that hear a time.

        Args:
            times: seconds, ascending, shape (n_times,).

        Returns:
            float64, shape (n_times, n_classes); NaN where no window was read: in pauses and too short phrases.
        """
        total = np.zeros((len(times), len(self.classes)))
        count = np.zeros((len(times), 1))
        first, last = np.searchsorted(times, self.starts), np.searchsorted(times, self.ends)
        for i, probabilities in enumerate(self.probabilities):
            total[first[i] : last[i]] += probabilities
            count[first[i] : last[i]] += 1
        return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)

    def segments(self) -> list[Segment]:
        """Divide every phrase where the most probable emotion, by `probabilities_at`, changes, in steps of a hop."""
        steps = [_steps(start, end, self.hop) for start, end in self.voice]
        smoothed = self.probabilities_at(
            np.concatenate([np.empty(0), *(edges[:-1] + edges[1:] for edges in steps)]) / 2
        )
        found: list[Segment] = []
        for edges in steps:
            phrase, smoothed = smoothed[: len(edges) - 1], smoothed[len(edges) - 1 :]
            if np.isfinite(phrase).all():
                for best, run in groupby(range(len(phrase)), key=phrase.argmax(axis=1).__getitem__):
                    inside = list(run)
                    start, end = float(edges[inside[0]]), float(edges[inside[-1] + 1])
                    found.append(Segment(start, end, self.classes[best], float(phrase[inside, best].mean())))
        return found


def _steps(start: float, end: float, hop: float) -> np.ndarray:
    """Divide a phrase into steps of a hop, of which the last is up to half a hop longer or shorter."""
    return np.append(start + hop * np.arange(max(1, round((end - start) / hop))), end)


def read_timeline(
    predictor: Predictor,
    recording: str | Path | BinaryIO,
    *,
    hop: float | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Timeline:
    """Read a recording of any length, window by window; memory does not grow with it.

    Windows lie in the phrases that a voice gate finds, as `ser.inference.windows.WindowCutter` cuts them. A phrase that
    fits in a window is one, and read as `Predictor.predict` reads a recording of it.

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
    hop = default_hop(params) if hop is None else hop
    if not SHORTEST_HOP <= hop <= params.duration:
        raise InputError(f"expected a hop of {SHORTEST_HOP:g} to {params.duration:g} s, the window; got {hop:g}")
    rate = params.sampling_rate
    with open_blocks(recording) as audio:
        cutter = WindowCutter(params, round(hop * rate))
        overview = OverviewBuilder(cutter.frequencies)
        signal = resample_blocks(audio.blocks(), audio.reader.sampling_rate, rate)
        windows = cutter.windows(_with_progress(signal, rate, audio.reader.seconds, progress), overview.add)
        rows = list(_read_all(predictor, windows, jobs))
        notes = audio.notes(cutter.n_samples / rate)
    edges = np.array(cutter.edges).reshape(-1, 2) / rate
    return Timeline(
        classes=predictor.classes,
        window=params.duration,
        hop=cutter.hop / rate,
        duration=cutter.n_samples / rate,
        voice=np.array(cutter.phrases).reshape(-1, 2) / rate,
        starts=edges[:, 0],
        ends=edges[:, 1],
        probabilities=np.concatenate([np.empty((0, len(predictor.classes))), *rows]),
        overview=overview.overview(),
        notes=notes,
    )


def _with_progress(
    blocks: Iterable[np.ndarray], sampling_rate: int, seconds: float | None, progress: Progress | None
) -> Iterator[np.ndarray]:
    n_samples = 0
    for block in blocks:
        yield block
        n_samples += len(block)
        if progress is not None:
            progress(n_samples / sampling_rate, seconds)


def _read_all(predictor: Predictor, windows: Iterator[np.ndarray], jobs: int | None) -> Iterator[np.ndarray]:
    """Yield the windows' probabilities, in order, (n_windows, n_classes), with only a few windows in memory at once."""
    jobs = jobs or os.cpu_count() or 1
    pending: deque[Future[np.ndarray]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        while batch := list(islice(windows, _BATCH)):
            pending.append(pool.submit(predictor.read_windows, batch))
            if len(pending) > 2 * jobs:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def clock(seconds: float, decimals: int = 0) -> str:
    """Write a time as people do.

    >>> clock(7), clock(83.46, 1), clock(3599.96, 1), clock(3600)
    ('0:07', '1:23.5', '1:00:00.0', '1:00:00')
    """
    minutes, rest = divmod(round(seconds * 10**decimals), 60 * 10**decimals)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest / 10**decimals:0{3 + decimals if decimals else 2}.{decimals}f}"
    return f"{hours}:{minutes:02}:{tail}" if hours else f"{minutes}:{tail}"
