"""Sound that comes as time goes by, in blocks that wait to be read."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Full, Queue
from typing import NamedTuple, Protocol

import numpy as np

from ser.audio.blocks import blocks_of, open_blocks
from ser.errors import InputError

BLOCK = 0.1
"""Seconds of sound that a source hands over at once, and so the shortest time from update to update."""

CAPACITY = 50
"""Blocks that wait at most; when so many do, the next are dropped, and counted."""

PATIENCE = 3.0
"""Seconds without a block after which a source counts as broken."""


class Block(NamedTuple):
    """Samples, mono, float32, shape (n_samples,), and when the last was heard, by `time.monotonic`."""

    samples: np.ndarray
    ended: float


class Source(Protocol):
    """Where sound comes from as time goes by: `ser.audio.microphone.open_microphone`, `open_file`."""

    @property
    def sampling_rate(self) -> int:
        """Hertz."""

    @property
    def dropped(self) -> int:
        """Blocks that were lost because they were not fetched in time."""

    def read(self) -> list[Block]:
        """Wait for a block, and give all that there are; none at the end.

        Raises:
            InputError: the source is broken.
        """


class BlockQueue:
    """A source that another thread fills.

    Args:
        name: what an error message calls it.
        sampling_rate: hertz.
    """

    def __init__(self, name: str, sampling_rate: int) -> None:
        self.name, self.sampling_rate, self.dropped = name, sampling_rate, 0
        self._blocks: Queue[Block] = Queue(CAPACITY)
        self._ended = threading.Event()
        self._error: InputError | None = None

    def put(self, block: Block) -> None:
        """Hand a block over, or drop it if too many wait; never waits itself."""
        try:
            self._blocks.put_nowait(block)
        except Full:
            self.dropped += 1

    def end(self, error: InputError | None = None) -> None:
        """Say that no block will come, and why, if that is an error."""
        self._error = error
        self._ended.set()

    def read(self) -> list[Block]:
        """See `Source`."""
        patience = time.monotonic() + PATIENCE
        while self._blocks.empty() and not self._ended.is_set():
            self._ended.wait(BLOCK / 20)
            if time.monotonic() > patience:
                raise InputError(f"{self.name}: no sound came for {PATIENCE:g} s; was it unplugged?")
        blocks = []
        while True:
            try:
                blocks.append(self._blocks.get_nowait())
            except Empty:
                break
        if not blocks and self._error:
            raise self._error
        return blocks


@contextmanager
def open_file(path: Path) -> Iterator[BlockQueue]:
    """Play a recording as if it were being spoken, in real time.

    Raises:
        AudioError: it cannot be used.
    """
    with open_blocks(path) as audio:
        sampling_rate = audio.reader.sampling_rate
        source = BlockQueue(str(path), sampling_rate)
        stop = threading.Event()

        def play() -> None:
            started, n_samples = time.monotonic(), 0
            try:
                for samples in blocks_of(round(BLOCK * sampling_rate), audio.blocks()):
                    n_samples += len(samples)
                    ended = started + n_samples / sampling_rate
                    if stop.wait(max(0, ended - time.monotonic())):
                        break
                    source.put(Block(samples, ended))
                source.end()
            except InputError as error:
                source.end(error)

        player = threading.Thread(target=play)
        player.start()
        try:
            yield source
        finally:
            stop.set()
            player.join()
