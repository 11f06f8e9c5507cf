"""The microphone as a source of sound, by PortAudio; needs the extra `listen`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ser.audio.block_queue import BLOCK, Block, BlockQueue
from ser.errors import InputError


@contextmanager
def open_microphone(device: str | None) -> Iterator[BlockQueue]:
    """Record from a microphone.

    Args:
        device: number or part of the name of one; None: the system's default.

    Raises:
        InputError: there is none, or it cannot be used; the message lists those that there are.
    """
    sounddevice = _sounddevice()
    try:
        chosen = sounddevice.query_devices(int(device) if device and device.isdecimal() else device, "input")
        rate = round(chosen["default_samplerate"])
        source = BlockQueue(chosen["name"], rate)

        def record(samples: np.ndarray, n_samples: int, clock: Any, status: Any) -> None:
            # When the first sample was heard, by PortAudio's clock; 0 where the driver does not know.
            started = clock.inputBufferAdcTime or clock.currentTime - n_samples / rate
            since = max(0.0, clock.currentTime - started - n_samples / rate)
            source.dropped += bool(status.input_overflow)
            source.put(Block(samples[:, 0].copy(), time.monotonic() - since))

        stream = sounddevice.InputStream(
            samplerate=rate,
            blocksize=round(BLOCK * rate),
            device=chosen["index"],
            channels=1,
            dtype="float32",
            latency="low",
            callback=record,
        )
        stream.start()
    except (ValueError, sounddevice.PortAudioError) as error:
        raise InputError(f"no microphone: {error}; {_list(sounddevice)}") from None
    with stream:
        yield source


def _sounddevice() -> Any:
    try:
        import sounddevice  # noqa: PLC0415 (optional)
    except ModuleNotFoundError:
        raise InputError(
            "sounddevice is not installed; `pip install 'speech-emotion[listen]'` brings it, and --file needs none"
        ) from None
    except OSError as error:
        raise InputError(
            f"no microphone: {error}; install the system's package for it (Debian: libportaudio2), or use --file"
        ) from None
    return sounddevice


def _list(sounddevice: Any) -> str:
    inputs = [device for device in sounddevice.query_devices() if device["max_input_channels"]]
    names = ", ".join(f"{device['index']} ({device['name']})" for device in inputs)
    return f"--device may be {names}" if inputs else "PortAudio finds no input device; --file needs none"
