"""A recording as a model hears it: in one channel, at the model's sampling rate, gone through as often as needed."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ser.audio.blocks import LONGEST, MonoBlocks, blocks_of, mono_blocks, resample_blocks
from ser.audio.decode import join
from ser.audio.reader import AudioReader, open_audio
from ser.audio.signal import TRIM_HOP, check_voice, hop_energies, loud_part, resample, to_mono
from ser.errors import InputError
from ser.params import FeatureParams

IN_MEMORY = 120.0
"""Seconds; a longer file is read block by block, so that memory does not grow with it."""

Recording = str | Path | BinaryIO | np.ndarray
"""A file's path, an open file, or samples of shape (n_samples,) or (n_samples, n_channels), in [-1, 1]."""

_MEASURED = 1024 * TRIM_HOP  # samples at once


@dataclass(frozen=True)
class Sound:
    """A recording with voice in it.

    Attributes:
        blocks: called for the signal, from its beginning on: float32, each block of shape (n_samples,).
        start: the first sample after leading silence.
        end: the one after the last before trailing silence.
        notes: what is missing of the recording, or odd about it; lines that begin with its name.
    """

    blocks: Callable[[], Iterable[np.ndarray]]
    start: int
    end: int
    notes: tuple[str, ...]


@contextmanager
def open_sound(recording: Recording, sampling_rate: int | None, params: FeatureParams) -> Iterator[Sound]:
    """Open a recording, of up to `ser.audio.blocks.LONGEST`.

    Args:
        recording: a file of any kind that `ser.audio.reader.open_audio` opens, or samples.
        sampling_rate: of samples, hertz; None: the model's own.
        params: the model's; ``trim_db`` says what counts as silence.

    Raises:
        InputError: it cannot be used, or there is no voice in it.
    """
    if isinstance(recording, np.ndarray):
        rate = sampling_rate or params.sampling_rate
        yield _in_memory(_checked_samples(recording, rate), rate, params, ())
        return
    with open_audio(recording, limits=LONGEST) as reader:
        blocks = _blocks_of_short(reader)
        if blocks is None:
            yield _streamed(mono_blocks(reader), params)
        else:
            audio = join(reader, blocks)
            yield _in_memory(audio.signal, audio.sampling_rate, params, audio.notes)


def _blocks_of_short(reader: AudioReader) -> list[np.ndarray] | None:
    """All of a recording; None, if it is longer than `IN_MEMORY`."""
    blocks, n_samples = [], 0
    for block in reader.blocks():
        blocks.append(block)
        n_samples += len(block)
        if n_samples > IN_MEMORY * reader.sampling_rate:
            return None
    return blocks


def _in_memory(signal: np.ndarray, sampling_rate: int, params: FeatureParams, notes: tuple[str, ...]) -> Sound:
    signal = resample(signal, sampling_rate, params.sampling_rate)
    start, end = _heard_part(hop_energies(signal), len(signal), params)
    return Sound(lambda: [signal], start, end, notes)


def _streamed(mono: MonoBlocks, params: FeatureParams) -> Sound:
    rate = mono.reader.sampling_rate
    energies, n_samples = [], 0
    for block in blocks_of(_MEASURED, resample_blocks(mono.checked_blocks(), rate, params.sampling_rate)):
        energies.append(hop_energies(block))
        n_samples += len(block)
    start, end = _heard_part(np.concatenate(energies), n_samples, params)
    notes = mono.notes(n_samples / params.sampling_rate)
    return Sound(lambda: resample_blocks(mono.blocks(), rate, params.sampling_rate), start, end, notes)


def _heard_part(energies: np.ndarray, n_samples: int, params: FeatureParams) -> tuple[int, int]:
    """Where leading silence ends and trailing silence begins, as `ser.features.front_end.prepare_signal` has it."""
    if params.trim_db is None:
        return 0, n_samples
    start, end = loud_part(energies, params.trim_db)
    return start, min(end, n_samples)


def _checked_samples(samples: np.ndarray, sampling_rate: int) -> np.ndarray:
    """What is heard of samples: mono, float32, shape (n_samples,)."""
    if samples.ndim not in (1, 2) or samples.size == 0 or not np.issubdtype(samples.dtype, np.floating):
        raise InputError(
            "expected floating-point samples of shape (n_samples,) or (n_samples, n_channels),"
            f" found {samples.dtype} of shape {samples.shape}"
        )
    signal = to_mono(samples.reshape(len(samples), -1).astype(np.float32, copy=False))
    if not np.isfinite(signal).all():
        raise InputError("expected finite samples, found NaN or infinity")
    check_voice(signal, sampling_rate, "samples")
    return signal
