"""The emotions of a long recording over time: overlapping windows, read where there is voice."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from ser.audio.blocks import blocks_of, open_blocks, resample_blocks
from ser.audio.decode import describe_missing
from ser.errors import InputError
from ser.features.front_end import batch_of, front_end, prepare_signal
from ser.inference.frames import Frames, FrameStream
from ser.inference.overview import Overview, OverviewBuilder
from ser.inference.predictor import Predictor
from ser.inference.voice_activity import VoiceGate
from ser.params import FeatureParams

SHORTEST_HOP = 0.05
"""Seconds."""

SHORTEST_READ = 1 / 6
"""Share of a window that a phrase must fill to be read: half a second of three."""

_STRETCH = 500  # frames that the voice gate judges at once: 10 s
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

    Windows lie in the phrases that a voice gate finds: they begin where a phrase begins, a hop apart, and the last ends
    where it ends. A phrase that fits in a window is one, and read as `Predictor.predict` reads a recording of it.

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
    rate = params.sampling_rate
    with open_blocks(recording) as audio:
        reader = _WindowReader(params, round(hop * rate))
        signal = resample_blocks(audio.blocks, audio.reader.sampling_rate, rate)
        windows = reader.windows(_with_progress(signal, rate, audio.reader.seconds, progress))
        rows = list(_read_all(predictor, windows, jobs))
        missing = describe_missing(audio.reader.name, audio.reader.missing, reader.n_samples / rate)
    edges = np.array(reader.edges).reshape(-1, 2) / rate
    return Timeline(
        classes=predictor.classes,
        window=params.duration,
        hop=reader.hop / rate,
        duration=reader.n_samples / rate,
        voice=np.array(reader.phrases).reshape(-1, 2) / rate,
        starts=edges[:, 0],
        ends=edges[:, 1],
        probabilities=np.concatenate([np.empty((0, len(predictor.classes))), *rows]),
        overview=reader.overview.overview(),
        notes=(*filter(None, [missing]), *audio.reader.odd),
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


class _WindowReader:
    """Looks for phrases in a signal that comes in blocks, and cuts them into windows.

    Args:
        params: of the front end, for which the windows are.
        hop: samples between windows.

    Attributes:
        n_samples: of the signal so far.
        edges: where each window so far starts and ends, samples.
        overview: of the signal so far.
    """

    def __init__(self, params: FeatureParams, hop: int) -> None:
        self.hop, self._size = hop, params.n_samples
        self._frames = FrameStream(params.sampling_rate)
        self._gate = VoiceGate(self._frames.frequencies)
        self._buffer, self._offset = np.empty(0, np.float32), 0  # the end of the signal, from which sample on
        self._n_cut = 0  # phrases of which all windows were cut
        self.n_samples = 0
        self.edges: list[tuple[int, int]] = []
        self.overview = OverviewBuilder(self._frames.frequencies)

    @property
    def phrases(self) -> list[tuple[int, int]]:
        """Where each phrase that has ended starts and ends, samples."""
        return [self._samples(phrase) for phrase in self._gate.phrases]

    def windows(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the signal of every window, at most as long as the front end's."""
        for stretch in blocks_of(_STRETCH * self._frames.hop, blocks):
            self._buffer = np.concatenate([self._buffer, stretch])
            self.n_samples += len(stretch)
            self._look(self._frames.add(stretch))
            yield from self._cut()
        self._look(self._frames.close())
        self._gate.close()
        yield from self._cut()

    def _look(self, frames: Frames) -> None:
        self._gate.update(frames.power)
        self.overview.add(frames)

    def _cut(self) -> Iterator[np.ndarray]:
        """Cut what windows there can be so far, and forget the signal before the next."""
        for phrase in self._gate.phrases[self._n_cut :]:
            start, end = self._samples(phrase)
            yield from self._whole(start, end)
            if end - start >= SHORTEST_READ * self._size:
                yield self._window(max(start, end - self._size), end)
        self._n_cut = len(self._gate.phrases)
        needed = self._gate.n_frames * self._frames.hop
        if self._gate.begun is not None:
            start, end = self._samples((self._gate.begun, self._gate.quiet_from))
            yield from self._whole(start, end)
            needed = max(start, self._next(start) - self.hop)  # the phrase's last window begins after the one before
        self._buffer, self._offset = self._buffer[needed - self._offset :], needed

    def _whole(self, start: int, end: int) -> Iterator[np.ndarray]:
        """The windows of full length from a phrase's start on, but for the one that ends where it ends."""
        while self._next(start) + self._size < end:
            yield self._window(self._next(start), self._next(start) + self._size)

    def _next(self, start: int) -> int:
        """Where the next window of the phrase that starts there starts."""
        before = self.edges[-1][0] if self.edges else -1
        return before + self.hop if before >= start else start

    def _window(self, start: int, end: int) -> np.ndarray:
        self.edges.append((start, end))
        return self._buffer[start - self._offset : end - self._offset].copy()  # lest it keep the buffer in memory

    def _samples(self, frames: tuple[int, int]) -> tuple[int, int]:
        return frames[0] * self._frames.hop, min(frames[1] * self._frames.hop, self.n_samples)


def _read_all(predictor: Predictor, windows: Iterator[np.ndarray], jobs: int | None) -> Iterator[np.ndarray]:
    """Yield the windows' probabilities, in order, (n_windows, n_classes), with only a few windows in memory at once."""
    jobs = jobs or os.cpu_count() or 1
    pending: deque[Future[np.ndarray]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        while batch := list(islice(windows, _BATCH)):
            pending.append(pool.submit(read_windows, predictor, batch))
            if len(pending) > 2 * jobs:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def read_windows(predictor: Predictor, windows: Sequence[np.ndarray]) -> np.ndarray:
    """Read each as `Predictor.predict` reads a recording.

    Args:
        predictor: whose front end's sampling rate the windows have.
        windows: signals, each of shape (n_samples,).

    Returns:
        Probabilities, float64, shape (n_windows, n_classes).
    """
    params = predictor.model.description.front_end
    signals = (prepare_signal(window[:, np.newaxis], params.sampling_rate, params) for window in windows)
    return predictor.model.probabilities(batch_of([front_end(signal, params) for signal in signals]))


def clock(seconds: float, decimals: int = 0) -> str:
    """Write a time as people do.

    >>> clock(7), clock(83.46, 1), clock(3599.96, 1), clock(3600)
    ('0:07', '1:23.5', '1:00:00.0', '1:00:00')
    """
    minutes, rest = divmod(round(seconds * 10**decimals), 60 * 10**decimals)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest / 10**decimals:0{3 + decimals if decimals else 2}.{decimals}f}"
    return f"{hours}:{minutes:02}:{tail}" if hours else f"{minutes}:{tail}"
