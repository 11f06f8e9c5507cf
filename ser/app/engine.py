"""From a recording's bytes to its emotion, for several at once and no more than that."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import ParamSpec, TypeVar

import numpy as np
from prometheus_client import Gauge

from ser.app.decoding import Decoders
from ser.app.metrics import Metrics
from ser.app.settings import Settings
from ser.predictor import Prediction, Predictor

logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class BusyError(Exception):
    """As many recordings are being worked on, or streams are open, as are allowed."""


class _Gate:
    """So many at once, and no more.

    Args:
        n_places: how many.
        gauge: shows how many there are.
    """

    def __init__(self, n_places: int, gauge: Gauge) -> None:
        self._n_places, self._n_inside, self._gauge = n_places, 0, gauge
        self.empty = asyncio.Event()
        self.empty.set()

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Be one of them.

        Raises:
            BusyError: there are as many already.
        """
        if self._n_inside == self._n_places:
            raise BusyError
        self._n_inside += 1
        self.empty.clear()
        try:
            with self._gauge.track_inprogress():
                yield
        finally:
            self._n_inside -= 1
            if self._n_inside == 0:
                self.empty.set()


class Engine:
    """Decodes and predicts, with limits that the service's ways in, HTTP, streams and the page, share.

        async with engine.running():
            with engine.slot():
                signal = await engine.decode(data)
                prediction = await engine.predict(signal)

    Args:
        predictor: the model.
        settings: the limits.
        metrics: what is counted.

    Attributes:
        slot: context of a recording that is worked on, from before it is read; raises `BusyError`.
        stream: context of an open stream; raises `BusyError`.
    """

    def __init__(self, predictor: Predictor, settings: Settings, metrics: Metrics) -> None:
        self.predictor, self.settings, self.metrics = predictor, settings, metrics
        self._recordings = _Gate(settings.concurrency, metrics.in_progress)
        self.slot = self._recordings.passed
        self.stream = _Gate(settings.concurrency, metrics.streams).passed

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have the processes and threads that work, as long as the context lasts.

        Raises:
            DecodersGoneError: no process can be started.
        """
        settings = self.settings
        n_workers = min(settings.concurrency, os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(n_workers, thread_name_prefix="predict")
        self._decoders = Decoders(n_workers, self.sampling_rate, settings.max_seconds, settings.timeout, self._lost)
        try:
            await self._decoders.start()
            yield
        finally:
            await self._decoders.close()
            self._threads.shutdown()

    @property
    def sampling_rate(self) -> int:
        """Of the signals that `decode` gives, hertz."""
        return self.predictor.model.description.front_end.sampling_rate

    def _lost(self, reason: str) -> None:
        self.metrics.decoders_lost.labels(reason).inc()
        logger.warning("decoder lost", extra={"fields": {"reason": reason}})

    async def idle(self) -> None:
        """Wait until no recording is worked on."""
        await self._recordings.empty.wait()

    async def decode(self, data: bytes) -> np.ndarray:
        """Decode a recording; see `ser.app.decoding.Decoders.decode`.

        Returns:
            float32, shape (n_samples,), mono, at `sampling_rate` hertz.

        Raises:
            AudioError: it cannot be used.
            DecodersGoneError: no process can be started.
        """
        with self.metrics.decode_seconds.time():
            signal = await self._decoders.decode(data)
        self.metrics.audio_seconds.inc(len(signal) / self.sampling_rate)
        return signal

    async def predict(self, signal: np.ndarray, sampling_rate: int | None = None) -> Prediction:
        """Say which emotion a signal carries; see `ser.predictor.Predictor.predict`.

        Raises:
            InputError: it cannot be used.
        """
        with self.metrics.predict_seconds.time():
            prediction = await self.run(self.predictor.predict, signal, sampling_rate)
        self.metrics.predictions.labels(prediction.emotion).inc()
        return prediction

    async def run(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Call what computes, in a thread, once one is free."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))
