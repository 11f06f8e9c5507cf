"""From a recording's bytes to its emotion, for several at once and no more than that."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import ParamSpec, TypeVar

import numpy as np

from ser.app.decoding import Decoders
from ser.app.settings import Settings
from ser.predictor import Prediction, Predictor

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class BusyError(Exception):
    """As many recordings are being worked on as are allowed."""


class Engine:
    """Decodes and predicts, with limits that the service's ways in, HTTP, streams and the page, share.

        async with engine.running():
            with engine.slot():
                signal = await engine.decode(data)
                prediction = await engine.predict(signal)

    Args:
        predictor: the model.
        settings: the limits.
        on_loss: called when a decoder was lost, with ``timeout`` or ``crash``.
    """

    def __init__(self, predictor: Predictor, settings: Settings, on_loss: Callable[[str], object]) -> None:
        self.predictor, self.settings = predictor, settings
        self._on_loss = on_loss
        self._free = settings.concurrency

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have the processes and threads that work, as long as the context lasts.

        Raises:
            DecodersGoneError: no process can be started.
        """
        settings = self.settings
        n_workers = min(settings.concurrency, os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(n_workers, thread_name_prefix="predict")
        self._decoders = Decoders(n_workers, self.sampling_rate, settings.max_seconds, settings.timeout, self._on_loss)
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

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Be one of those that are worked on.

        Raises:
            BusyError: there are `Settings.concurrency` of them already.
        """
        if self._free == 0:
            raise BusyError
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def decode(self, data: bytes) -> np.ndarray:
        """Decode a recording; see `ser.app.decoding.Decoders.decode`.

        Returns:
            float32, shape (n_samples,), mono, at `sampling_rate` hertz.

        Raises:
            AudioError: it cannot be used.
            DecodersGoneError: no process can be started.
        """
        return await self._decoders.decode(data)

    async def predict(self, signal: np.ndarray, sampling_rate: int | None = None) -> Prediction:
        """Say which emotion a signal carries; see `ser.predictor.Predictor.predict`.

        Raises:
            InputError: it cannot be used.
        """
        return await self.run(self.predictor.predict, signal, sampling_rate)

    async def run(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Call what computes, in a thread, once one is free."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))
