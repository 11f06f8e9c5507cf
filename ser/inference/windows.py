"""A signal cut into the windows that a model hears: as long as it was trained on, overlapping, where there is voice."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from ser.audio.blocks import blocks_of
from ser.inference.frames import Frames, FrameStream
from ser.inference.voice_activity import VoiceGate
from ser.params import FeatureParams

SHORTEST_READ = 1 / 6
"""Share of a window that a phrase must fill to be read: half a second of three."""

_STRETCH = 500  # frames that the voice gate judges at once: 10 s


def default_hop(params: FeatureParams) -> float:
    """Seconds from one window of a phrase to the next: a third of a window."""
    return params.duration / 3


class WindowCutter:
    """Looks for phrases in a signal that comes in blocks, and cuts them into windows.

    Windows begin where a phrase begins, a hop apart, and the last ends where the phrase ends. A phrase that fits in a
    window is one.

    Args:
        params: of the front end, for which the windows are.
        hop: samples between windows.

    Attributes:
        frequencies: of the frames' spectra, hertz, shape (n_frequencies,).
        n_samples: of the signal so far.
        edges: where each window so far starts and ends, samples.
    """

    def __init__(self, params: FeatureParams, hop: int) -> None:
        self.hop, self._size = hop, params.n_samples
        self._frames = FrameStream(params.sampling_rate)
        self.frequencies = self._frames.frequencies
        self._gate = VoiceGate(self.frequencies)
        self._buffer, self._offset = np.empty(0, np.float32), 0  # the end of the signal, from which sample on
        self._n_cut = 0  # phrases of which all windows were cut
        self.n_samples = 0
        self.edges: list[tuple[int, int]] = []

    @property
    def phrases(self) -> list[tuple[int, int]]:
        """Where each phrase that has ended starts and ends, samples."""
        return [self._samples(phrase) for phrase in self._gate.phrases]

    def windows(
        self, blocks: Iterable[np.ndarray], watch: Callable[[Frames], object] | None = None
    ) -> Iterator[np.ndarray]:
        """Yield the signal of every window, at most as long as the front end's.

        Args:
            blocks: of the signal, all of it, in order.
            watch: called with the frames that are judged, in order.
        """
        for stretch in blocks_of(_STRETCH * self._frames.hop, blocks):
            self._buffer = np.concatenate([self._buffer, stretch])
            self.n_samples += len(stretch)
            self._judge(self._frames.add(stretch), watch)
            yield from self._cut()
        self._judge(self._frames.close(), watch)
        self._gate.close()
        yield from self._cut()

    def _judge(self, frames: Frames, watch: Callable[[Frames], object] | None) -> None:
        self._gate.update(frames.power)
        if watch is not None:
            watch(frames)

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


def cut(blocks: Iterable[np.ndarray], starts: Sequence[int], length: int) -> Iterator[np.ndarray]:
    """Cut windows of one length, in samples, out of a signal that comes in blocks; `starts` ascend."""
    buffer, offset, n_cut = np.empty(0, np.float32), 0, 0
    for block in blocks:
        buffer = np.concatenate([buffer, block])
        while n_cut < len(starts) and starts[n_cut] + length <= offset + len(buffer):
            yield buffer[starts[n_cut] - offset :][:length].copy()
            n_cut += 1
        if n_cut == len(starts):
            return
        passed = min(max(starts[n_cut] - offset, 0), len(buffer))
        buffer, offset = buffer[passed:], offset + passed


def even_starts(start: int, end: int, length: int, hop: int) -> list[int]:
    """Where windows start, a hop apart, that fill a stretch longer than one of them; the last ends where it ends."""
    return [*range(start, end - length, hop), end - length]


def voice_shares(edges: np.ndarray) -> np.ndarray:
    """How much of the voice each window stands for: what several windows hear, they share.

    Args:
        edges: where windows start and end, each ascending, shape (n_windows, 2).

    Returns:
        float64, shape (n_windows,), in the unit of `edges`; they add up to what is heard at all.
    """
    starts, ends = edges.T
    times = np.unique(edges)
    hearing = np.searchsorted(starts, times[:-1], "right") - np.searchsorted(ends, times[:-1], "right")
    shares = np.divide(np.diff(times), hearing, out=np.zeros(len(times) - 1), where=hearing > 0)
    until = np.append(0, shares.cumsum())  # shape (n_times,)
    found: np.ndarray = until[np.searchsorted(times, ends)] - until[np.searchsorted(times, starts)]
    return found
