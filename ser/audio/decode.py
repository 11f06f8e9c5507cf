"""A whole recording in memory."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ser.audio.limits import AudioError, DecodeLimits
from ser.audio.reader import AudioReader, Recording, open_audio
from ser.audio.signal import CANCELLING, ChannelPowers, check_voice, mix


@dataclass(frozen=True)
class Audio:
    """A decoded recording.

    Attributes:
        samples: float32, shape (n_samples, n_channels), in [-1, 1] except for a float file's overshoot.
        signal: what is heard of them: mono, float32, shape (n_samples,); see `ser.audio.signal.to_mono`.
        sampling_rate: hertz.
        container: by libsndfile's name, or ffmpeg's.
        odd: what was odd about the recording though all of it is there; lines that begin with its name.
        missing: that, and how much, of what its headers promise is not there; a line as those; empty: nothing.
    """

    samples: np.ndarray
    signal: np.ndarray
    sampling_rate: int
    container: str
    odd: tuple[str, ...]
    missing: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What its listener should know."""
        return (*filter(None, [self.missing]), *self.odd)


def read_audio(recording: Recording, name: str | None = None, limits: DecodeLimits | None = None) -> Audio:
    """Decode what is there of a recording, and say what is missing.

    Args:
        recording: a path, or an open file; of any kind that `ser.audio.blocks.open_audio` opens.
        name: what messages call it; None: its path, or ``-``.
        limits: how much is decoded.

    Raises:
        AudioError: it cannot be used, or there is no voice in it; its ``reason`` is one of `ser.audio.limits.REASONS`.
    """
    with open_audio(recording, name, limits) as reader:
        return join(reader, list(reader.blocks()))


def join(reader: AudioReader, blocks: list[np.ndarray]) -> Audio:
    """Put a recording together from all of its blocks; see `read_audio`."""
    samples = np.concatenate(blocks) if len(blocks) > 1 else blocks[0]
    powers = ChannelPowers(reader.n_channels)
    channel = None
    if reader.n_channels > 1:
        for block in blocks:
            powers.add(block)
        channel = powers.louder_channel()
    signal = mix(samples, channel)
    missing = describe_missing(reader.name, reader.missing, len(signal) / reader.sampling_rate)
    with blamed_on_the_cut(reader):
        check_voice(signal, reader.sampling_rate, reader.name)
    odd = [*reader.odd, *([f"{reader.name}: {CANCELLING}"] if channel is not None else [])]
    return Audio(samples, signal, reader.sampling_rate, reader.container, tuple(odd), missing)


@contextmanager
def blamed_on_the_cut(reader: AudioReader) -> Iterator[None]:
    """Say of a recording without voice, which was read to its end, if it is cut off."""
    try:
        yield
    except AudioError as error:
        if reader.missing:
            raise AudioError(f"{error}; the file is cut off", "truncated") from None
        raise


def describe_missing(name: str, missing: float, seconds: float) -> str:
    """Say how much of a recording is missing, in a line; nothing, if nothing is.

    Args:
        name: of the recording.
        missing: seconds; NaN: some.
        seconds: what is there.
    """
    if not missing:
        return ""
    length = "an unknown part" if math.isnan(missing) else f"{missing:.2f} s of {missing + seconds:.2f} s"
    return f"{name}: it is cut off: {length} is missing, and {seconds:.2f} s are there"


def decode(path: Path, limits: DecodeLimits | None = None) -> tuple[np.ndarray, int]:
    """Decode a recording of which nothing may be missing.

    Returns:
        The samples, float32 of shape (n_samples, n_channels), and the sampling rate in hertz.

    Raises:
        AudioError: as `read_audio`; and it is ``truncated``.
    """
    audio = whole(read_audio(path, limits=limits))
    return audio.samples, audio.sampling_rate


def whole(audio: Audio) -> Audio:
    """Refuse a recording of which something is missing.

    Raises:
        AudioError: it is ``truncated``.
    """
    if audio.missing:
        raise AudioError(audio.missing, "truncated")
    return audio
