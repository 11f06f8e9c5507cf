"""Decoding in processes that can be killed: a hostile file costs its own request, and nothing else."""

import asyncio
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ser.app.decoder_process import LENGTH_BYTES, NAME, READY
from ser.app.scratch import Scratch
from ser.app.settings import TOKEN_VARIABLE
from ser.audio.limits import AudioError

START_TIMEOUT = 60.0
"""Seconds that a process may take to start; a loaded machine takes some."""


_PIECE = 1 << 16  # bytes that are handed to a process at once


class DecodersGoneError(Exception):
    """No process that decodes can be started."""


class _TooMuchTimeError(Exception):
    """A process has used the processor for longer than it may for one recording."""


@dataclass(frozen=True)
class Heard:
    """A decoded recording.

    Attributes:
        signal: float32, shape (n_samples,), mono.
        notes: what is missing of the recording, or odd about it.
    """

    signal: np.ndarray
    notes: tuple[str, ...]


class Decoders:
    """Processes that decode, each one recording at a time.

    Args:
        n_processes: how many.
        sampling_rate: of the signals that are wanted, hertz.
        max_seconds: of a recording.
        timeout: seconds that decoding may take; the process is killed then.
        on_loss: called when a process was lost, with ``timeout`` or ``crash``.
    """

    def __init__(
        self,
        n_processes: int,
        sampling_rate: int,
        max_seconds: float,
        timeout: float,
        on_loss: Callable[[str], object],
    ) -> None:
        self._command = [sys.executable, "-P", "-m", "ser.app.decoder_process", str(sampling_rate), str(max_seconds)]
        self._timeout, self._on_loss = timeout, on_loss
        self._scratch = Scratch()
        self._all = [_Decoder(self._command, self._scratch.path / str(number)) for number in range(n_processes)]
        self._idle: asyncio.LifoQueue[_Decoder] = asyncio.LifoQueue()
        for decoder in self._all:
            self._idle.put_nowait(decoder)

    async def start(self) -> None:
        """Start all processes.

        Raises:
            DecodersGoneError: they cannot be started.
        """
        await asyncio.gather(*(decoder.start() for decoder in self._all))

    async def decode(self, data: bytes) -> Heard:
        """Decode a recording to what `ser.features.front_end.prepare_signal` makes of it before it trims silence.

        Raises:
            AudioError: it cannot be used, is too long, takes too long, or crashes the process that decodes it.
            DecodersGoneError: no process can be started.
        """
        decoder = await self._idle.get()
        try:
            await decoder.start()
            async with asyncio.timeout(self._timeout):
                return await decoder.decode(data)
        except TimeoutError:
            self._on_loss("timeout")
            raise AudioError(f"{NAME}: decoding took longer than {self._timeout:g} s", "unreadable") from None
        except _TooMuchTimeError:
            self._on_loss("timeout")
            raise AudioError(
                f"{NAME}: expected a recording that takes no more processor time than its size warrants, found one",
                "unreadable",
            ) from None
        except (ConnectionError, asyncio.IncompleteReadError):
            self._on_loss("crash")
            raise AudioError(f"{NAME}: expected intact audio, found what no decoder survives", "unreadable") from None
        finally:
            self._idle.put_nowait(decoder)

    async def close(self) -> None:
        """End all processes and remove their files."""
        await asyncio.gather(*(decoder.kill() for decoder in self._all))
        self._scratch.remove()


class _Decoder:
    """A process, started when it is first needed and again when it was lost, and the folder of its temporary files."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._command, self._folder = command, folder
        self._process: Process | None = None

    async def start(self) -> None:
        if self._process is not None and self._process.returncode is None:
            return
        await self.kill()
        self._folder.mkdir()
        # One thread in each; and no secrets, for it is the process that strangers' files run through.
        environment = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
        environment |= {"TMPDIR": str(self._folder), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        ready = False
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, env=environment, start_new_session=True
            )
            async with asyncio.timeout(START_TIMEOUT):
                await _pipes(self._process)[1].readexactly(len(READY))
            ready = True
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise DecodersGoneError(f"no process that decodes can be started: {error}") from None
        finally:
            if not ready:
                await self.kill()

    async def decode(self, data: bytes) -> Heard:
        assert self._process is not None  # noqa: S101 (it was started)
        process, (requests, answers) = self._process, _pipes(self._process)
        answered = False
        try:
            requests.write(len(data).to_bytes(LENGTH_BYTES, "little"))
            for first in range(0, len(data), _PIECE):  # what is written and not drained is there twice
                requests.write(data[first : first + _PIECE])
                await requests.drain()
            head = json.loads(await answers.readuntil(b"\n"))  # `readline` takes the end of a stream for a line
            samples = await answers.readexactly(4 * head.get("samples", 0))
            answered = True
        except (ConnectionError, asyncio.IncompleteReadError):
            if await process.wait() == -signal.SIGXCPU:
                raise _TooMuchTimeError from None
            raise
        finally:
            if not answered:  # it hangs, it has ended, or nobody waits for its answer
                await self.kill()
        if "error" in head:
            raise AudioError(head["error"], head["reason"])
        return Heard(np.frombuffer(samples, dtype=np.float32), tuple(head["notes"]))

    async def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with ffmpeg, should it run
            await process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _pipes(process: Process) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    assert process.stdin is not None  # noqa: S101 (both are pipes)
    assert process.stdout is not None  # noqa: S101
    return process.stdin, process.stdout
