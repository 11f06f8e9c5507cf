"""From a recording's bytes to its emotion, for several at once and no more than that."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

import numpy as np

from ser.app.counters import Metrics
from ser.app.decoder_pool import Decoders, Heard
from ser.app.places import Places
from ser.app.settings import Settings
from ser.inference.predictor import Prediction, Predictor

logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Engine:
    """Decodes and predicts, with limits that the service's ways in, HTTP, streams and the page, share.

        async with engine.running():
            with engine.places.taken(client):
                heard = await engine.decode(data)
                prediction = await engine.predict(heard.signal)

    Args:
        predictor: the model.
        settings: the limits.
        metrics: what is counted.

    Attributes:
        places: of requests with a body, from before it is read until they are answered.
        streams: places of open streams.
    """

    def __init__(self, predictor: Predictor, settings: Settings, metrics: Metrics) -> None:
        self.predictor, self.settings, self.metrics = predictor, settings, metrics
        self.places = Places(settings.concurrency, metrics.in_progress)
        self.streams = Places(settings.concurrency, metrics.streams)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have the processes and threads that work, as long as the context lasts.

        Raises:
            DecodersGoneError: no process can be started.
        """
        settings = self.settings
        n_workers = settings.n_workers
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
        await self.places.empty.wait()

    async def decode(self, data: bytes) -> Heard:
        """Decode a recording; see `ser.app.decoder_pool.Decoders.decode`.

        Returns:
            Its signal is at `sampling_rate` hertz.

        Raises:
            AudioError: it cannot be used.
            DecodersGoneError: no process can be started.
        """
        with self.metrics.decode_seconds.time():
            heard = await self._decoders.decode(data)
        self.metrics.audio_seconds.inc(len(heard.signal) / self.sampling_rate)
        return heard

    async def predict(self, signal: np.ndarray, sampling_rate: int | None = None) -> Prediction:
        """Say which emotion a signal carries; see `ser.inference.predictor.Predictor.predict`.

        Raises:
            InputError: it cannot be used.
        """
        with self.metrics.predict_seconds.time():
            prediction = await self.run(self.predictor.predict, signal, sampling_rate)
        self.metrics.predictions.labels(prediction.emotion).inc()
        if prediction.unlike:
            self.metrics.unlike.inc()
        return prediction

    async def run(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Call what computes, in a thread, once one is free."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))
