"""A recording brought to one channel and read block by block, so that memory does not grow with it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import soxr

from ser.audio.decode import blamed_on_the_cut, describe_missing
from ser.audio.limits import DecodeLimits
from ser.audio.reader import AudioReader, Recording, open_audio
from ser.audio.signal import CANCELLING, ChannelPowers, VoiceCheck, mix

LONGEST = DecodeLimits(seconds=24 * 3600, samples=1 << 62)
"""Of what is read block by block."""


@dataclass(frozen=True)
class MonoBlocks:
    """An open recording, brought to one channel as `ser.audio.signal.to_mono` does.

    Attributes:
        reader: of the recording.
        channel: the one that is heard, because all together cancel each other; None: their mean.
    """

    reader: AudioReader
    channel: int | None

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield the samples in order, from the first on each time: float32, each block of shape (n_samples,).

        Raises:
            AudioError: the recording cannot be used.
        """
        return (np.ascontiguousarray(mix(block, self.channel)) for block in self.reader.blocks())

    def checked_blocks(self) -> Iterator[np.ndarray]:
        """Yield the same, and at their end refuse a recording without voice.

        Raises:
            AudioError: as `blocks`; and as `ser.audio.signal.check_voice`.
        """
        check = VoiceCheck(self.reader.sampling_rate, self.reader.name)
        for stretch in blocks_of(check.stretch, self.blocks()):
            check.add(stretch)
            yield stretch
        with blamed_on_the_cut(self.reader):
            check.check()

    def notes(self, seconds: float) -> tuple[str, ...]:
        """What its listener should know when it was read to its end, and is so many seconds long."""
        cancelling = [f"{self.reader.name}: {CANCELLING}"] if self.channel is not None else []
        missing = describe_missing(self.reader.name, self.reader.missing, seconds)
        return (*filter(None, [missing]), *self.reader.odd, *cancelling)


@contextmanager
def open_blocks(recording: Recording) -> Iterator[MonoBlocks]:
    """Open what `open_audio` opens, to be read block by block, up to a length of `LONGEST`.

    Raises:
        AudioError: it cannot be used.
    """
    with open_audio(recording, limits=LONGEST) as reader:
        yield mono_blocks(reader)


def mono_blocks(reader: AudioReader) -> MonoBlocks:
    """Bring a recording to one channel; of several it is read for that: whether they cancel is known at its end.

    Raises:
        AudioError: it cannot be used.
    """
    if reader.n_channels == 1:
        return MonoBlocks(reader, None)
    powers = ChannelPowers(reader.n_channels)
    for block in reader.blocks():
        powers.add(block)
    return MonoBlocks(reader, powers.louder_channel())


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
