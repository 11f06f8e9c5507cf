"""Emotions of a voice while it speaks: a source of sound, and what is heard in it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soxr

from ser.audio.block_queue import Block, Source
from ser.errors import InputError
from ser.inference.frames import FrameStream
from ser.inference.predictor import Predictor
from ser.inference.voice_activity import VoiceGate
from ser.inference.windows import SHORTEST_READ

SMOOTHING = 0.5
"""Seconds in which a change of the shown probabilities is made by two thirds (1 - 1/e)."""


@dataclass(frozen=True)
class Update:
    """What was heard up to a moment.

    Attributes:
        seconds: of sound, up to that moment.
        level: mean square of the newest sound, dB re full scale.
        speaking: whether there is voice.
        phrases: how many have begun.
        probabilities: smoothed, of the phrase that goes on or else the last, float64, shape (n_classes,); None before
            the first.
        latency: seconds from the sound's end until the probabilities were there; None if they are older.
        dropped: blocks that were lost so far.
    """

    seconds: float
    level: float
    speaking: bool
    phrases: int
    probabilities: np.ndarray | None
    latency: float | None
    dropped: int


def listen(predictor: Predictor, source: Source) -> Iterator[Update]:
    """Read a source as it speaks: what was said since a phrase began, or the newest of it, as much as the model hears.

    Whatever waits is read at once, so that a slow machine shows fewer updates, and not older ones.

    Raises:
        InputError: the source is broken.
    """
    ear = _Ear(predictor, source.sampling_rate)
    while blocks := source.read():
        yield ear.hear(blocks, source.dropped)


class _Ear:
    def __init__(self, predictor: Predictor, sampling_rate: int) -> None:
        self._predictor, self._sampling_rate = predictor, sampling_rate
        self._params = predictor.model.description.front_end
        rate = self._params.sampling_rate
        self._resampler = soxr.ResampleStream(sampling_rate, rate, 1) if sampling_rate != rate else None
        self._frames = FrameStream(rate)
        self._gate = VoiceGate(self._frames.frequencies)
        self._signal, self._n_samples = np.empty(0, np.float32), 0  # the newest, at the model's rate; of all that came
        self._phrase: int | None = None  # where the one starts that was read last
        self._phrases, self._seconds = 0, 0.0
        self._probabilities: np.ndarray | None = None

    def hear(self, blocks: list[Block], dropped: int) -> Update:
        samples = np.concatenate([block.samples for block in blocks])
        if not np.isfinite(samples).all():
            raise InputError("expected finite samples, found NaN or infinity; the source is broken")
        self._append(samples)
        self._seconds += len(samples) / self._sampling_rate
        latency = None
        window = self._window()
        if window is not None:
            self._smooth(self._predictor.read_windows([window])[0], len(samples) / self._sampling_rate)
            held_back = self._resampler.delay() / self._params.sampling_rate if self._resampler else 0.0
            latency = time.monotonic() - blocks[-1].ended + held_back
        return Update(
            seconds=self._seconds,
            level=10 * float(np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-10)),
            speaking=self._gate.speaking,
            phrases=self._phrases,
            probabilities=self._probabilities,
            latency=latency,
            dropped=dropped,
        )

    def _append(self, samples: np.ndarray) -> None:
        signal = self._resampler.resample_chunk(samples) if self._resampler else samples
        self._gate.update(self._frames.add(signal).power)
        self._n_samples += len(signal)
        self._signal = np.concatenate([self._signal, signal])[-self._params.n_samples :]

    def _window(self) -> np.ndarray | None:
        """What is to be read: None in a pause, and as long as a phrase is too short."""
        if self._gate.begun is None or not self._gate.speaking:
            return None
        length = self._n_samples - self._gate.begun * self._frames.hop
        return self._signal[-length:] if length >= SHORTEST_READ * self._params.n_samples else None

    def _smooth(self, probabilities: np.ndarray, seconds: float) -> None:
        if self._probabilities is None or self._phrase != self._gate.begun:
            self._probabilities, self._phrase = probabilities, self._gate.begun
            self._phrases += 1
        else:
            self._probabilities = self._probabilities + (probabilities - self._probabilities) * -np.expm1(
                -seconds / SMOOTHING
            )
