"""A recording brought to one channel and read block by block, so that memory does not grow with it."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import soxr

from ser.audio.limits import DecodeLimits
from ser.audio.reader import AudioReader, Recording, as_file, name_of, named_errors, open_audio
from ser.audio.signal import CANCELLING, ChannelPowers, mix

LONGEST = DecodeLimits(seconds=24 * 3600, samples=1 << 62)
"""Of what is read block by block."""


@dataclass(frozen=True)
class MonoBlocks:
    """An open recording, brought to one channel as `ser.audio.signal.to_mono` does.

    Attributes:
        reader: of the recording.
        blocks: its samples, once and in order: float32, each of shape (n_samples,). Raises `AudioError`.
    """

    reader: AudioReader
    blocks: Iterator[np.ndarray]


@contextmanager
def open_blocks(recording: Recording) -> Iterator[MonoBlocks]:
    """Open what `open_audio` opens, to be read block by block, up to a length of `LONGEST`.

    A recording of several channels is read twice: whether they cancel each other is known at its end.

    Raises:
        AudioError: it cannot be used.
    """
    with ExitStack() as stack:
        name, channel = name_of(recording), None
        with named_errors(name):
            path = as_file(recording, name, stack)
        with open_audio(path, name, LONGEST) as reader:
            if reader.n_channels > 1:
                powers = ChannelPowers(reader.n_channels)
                for block in reader.blocks():
                    powers.add(block)
                channel = powers.louder_channel()
        reader = stack.enter_context(open_audio(path, name, LONGEST))
        if channel is not None:
            reader.odd.append(f"{name}: {CANCELLING}")
        yield MonoBlocks(reader, (np.ascontiguousarray(mix(block, channel)) for block in reader.blocks()))


def resample_blocks(blocks: Iterable[np.ndarray], sampling_rate: int, target: int) -> Iterator[np.ndarray]:
    """Convert a signal in blocks from `sampling_rate` to `target` hertz; see `ser.audio.signal.resample`."""
    if sampling_rate == target:
        yield from blocks
        return
    stream = soxr.ResampleStream(sampling_rate, target, 1, quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.empty(0, np.float32), last=True)


def blocks_of(length: int, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
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
