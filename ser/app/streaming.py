"""A voice that is still speaking: chunks of samples come in over a WebSocket, rolling results go out."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from time import perf_counter
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from ser.app.engine import Engine
from ser.app.middleware.token_gate import SUBPROTOCOL
from ser.audio.limits import MAX_PEAK, SAMPLING_RATES, AudioError
from ser.errors import InputError
from ser.inference.predictor import Prediction, emotion_or_unsure

HOP = 0.5
"""Seconds of sound from one result to the next."""

PATIENCE = 5.0
"""Seconds that these, and the first message, may take to arrive: a place is for who speaks."""

MAX_MESSAGE = 1 << 20
"""Bytes of a chunk."""

_CLOSING = 2.0  # seconds
_REFUSED = 1008  # RFC 6455, section 7.4.1: a message that violates the policy
_SAMPLES = {"pcm16": ("<i2", 32768.0), "float32": ("<f4", 1.0)}


class StreamStart(BaseModel):
    """The first message of a stream.

    Attributes:
        sampling_rate: hertz.
        format: of the samples: mono, little-endian; float32 in [-1, 1].
        min_confidence: the emotion is ``unsure`` where its probability is lower.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    sampling_rate: Annotated[int, Field(ge=SAMPLING_RATES[0], le=SAMPLING_RATES[1])]
    format: Literal["pcm16", "float32"]
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0


class StreamAnswer(BaseModel):
    """What the model hears in the last seconds of a stream, as many as it was trained on.

    Attributes:
        seconds: length of the stream up to here.
        latency: seconds from the chunk that completed these to this answer.
        emotion: the most probable one, or ``unsure``; null in silence, as the next two are.
        confidence: the probability of the most probable emotion.
        probabilities: of every emotion.
    """

    seconds: float
    latency: float
    emotion: str | None = None
    confidence: float | None = None
    probabilities: dict[str, float] | None = None


class RollingWindow:
    """The last seconds of a stream, again after every hop.

    Args:
        start: sampling rate and format of the samples.
        seconds: length of the window; it is shorter at the stream's beginning.
    """

    def __init__(self, start: StreamStart, seconds: float) -> None:
        self._kind, self._scale = _SAMPLES[start.format]
        width = np.dtype(self._kind).itemsize
        self._n_bytes = width * round(seconds * start.sampling_rate)
        self._hop = self._missing = width * round(HOP * start.sampling_rate)
        self._last = bytearray()
        self._n_hops = 0

    def add(self, chunk: bytes) -> Iterator[tuple[float, np.ndarray]]:
        """Take a chunk, of any size, and yield what is heard at the end of each hop that it completes.

        Yields:
            The stream's length so far, in seconds, and the window: float32, shape (n_samples,).
        """
        while chunk:
            taken, chunk = chunk[: self._missing], chunk[self._missing :]
            self._missing -= len(taken)
            self._last += taken
            del self._last[: -self._n_bytes]
            if self._missing == 0:
                self._missing = self._hop
                self._n_hops += 1
                samples = np.frombuffer(bytes(self._last), self._kind).astype(np.float32) / self._scale
                yield self._n_hops * HOP, samples


async def answer_stream(socket: WebSocket, engine: Engine) -> None:
    """Answer a WebSocket until it closes, breaks a limit, or is silent for too long.

    Raises:
        BusyError: before it is accepted: as many streams are open as are allowed.
    """
    with engine.streams.taken(socket.client), suppress(WebSocketDisconnect, TimeoutError):
        await socket.accept(SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None)
        try:
            await _converse(socket, engine)
        except InputError as error:
            async with asyncio.timeout(_CLOSING):  # a client that does not read would not be rid of
                await socket.send_json({"error": " ".join(str(error).split())})
                await socket.close(_REFUSED)


async def _converse(socket: WebSocket, engine: Engine) -> None:
    """Raises `InputError` at what a client does wrong, and `WebSocketDisconnect` when it goes."""
    timeout = min(PATIENCE, engine.settings.timeout)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout) as patience:
            start = _start(await _receive(socket))
            window = RollingWindow(start, engine.predictor.window_seconds)
            while True:
                chunk = await _receive(socket)
                arrived = perf_counter()
                if not isinstance(chunk, bytes):
                    raise InputError("expected binary chunks of samples after the first message, found text")
                for seconds, samples in window.add(chunk):
                    prediction = await _hear(engine, samples, start.sampling_rate)
                    answer = StreamAnswer(seconds=seconds, latency=round(perf_counter() - arrived, 4))
                    if prediction:
                        answer.emotion = emotion_or_unsure(prediction, start.min_confidence)
                        answer.confidence, answer.probabilities = prediction.confidence, prediction.probabilities
                    await socket.send_text(answer.model_dump_json())
                    patience.reschedule(loop.time() + timeout)
    except TimeoutError:
        raise InputError(f"expected {HOP:g} s of sound within {timeout:g} s, found less") from None


async def _receive(socket: WebSocket) -> str | bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    text: str | None = message.get("text")
    data: bytes = message.get("bytes") or b""
    return data if text is None else text


def _start(message: str | bytes) -> StreamStart:
    if isinstance(message, bytes):
        raise InputError("expected a first message of JSON, found a chunk of samples")
    try:
        return StreamStart.model_validate_json(message)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{'.'.join(map(str, first['loc'])) or 'first message'}: {first['msg']}") from None


async def _hear(engine: Engine, samples: np.ndarray, sampling_rate: int) -> Prediction | None:
    """None where there is no voice."""
    peak = float(np.abs(samples).max())
    if not peak <= MAX_PEAK:  # NaN included
        raise InputError(f"expected samples in [-1, 1], found a peak of {peak:g}")
    try:
        return await engine.predict(samples, sampling_rate)
    except AudioError:
        return None
