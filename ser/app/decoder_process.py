"""The process that decodes what strangers send: ``python -m ser.app.decoder_process SAMPLING_RATE MAX_SECONDS``.

It reads a length (8 bytes, little-endian) and as many bytes of a recording from stdin, and writes a line of JSON to
stdout, ``{"samples": n, "notes": [...]}`` or ``{"error": ..., "reason": ...}``, and n float32 samples; then the next,
until stdin ends.
"""

import io
import json
import math
import os
import resource
import sys
import time
from typing import BinaryIO

import numpy as np

from ser.audio.decode import read_audio
from ser.audio.limits import AudioError, DecodeLimits
from ser.audio.signal import resample

READY = b"ready\n"
LENGTH_BYTES = 8
NAME = "file"
"""What messages call a recording: what its sender calls it is not repeated."""

_MESSAGE = 1000  # characters of an error or a note
_NOTES = 10
_OVERHEAD = 1 << 30  # bytes: Python, NumPy, libsndfile and a block
_BYTES_PER_SAMPLE = 4 * 4  # float32: in blocks, joined, mixed, resampled

_SECONDS = 2.0  # of the processor, for any recording
_SECONDS_PER_SECOND = 1 / 60  # and for each that a recording may last
_SECONDS_PER_BYTE = 0.25 / (1 << 20)  # and for what it consists of


def main() -> None:
    """Answer until stdin ends."""
    sampling_rate, max_seconds = int(sys.argv[1]), float(sys.argv[2])
    limits = DecodeLimits()
    limits = DecodeLimits(max_seconds, int(max_seconds * limits.samples / limits.seconds))
    _limit_this_process(limits)
    requests, answers = sys.stdin.buffer, _silence_c_libraries()
    answers.write(READY)
    answers.flush()
    while head := requests.read(LENGTH_BYTES):
        data = requests.read(int.from_bytes(head, "little"))
        _limit_time(len(data), max_seconds)
        _answer(answers, data, sampling_rate, limits)


def _answer(answers: BinaryIO, data: bytes, sampling_rate: int, limits: DecodeLimits) -> None:
    signal = np.empty(0, dtype=np.float32)
    try:
        audio = read_audio(io.BytesIO(data), NAME, limits)
        signal = resample(audio.signal, audio.sampling_rate, sampling_rate)
        notes = [note[:_MESSAGE] for note in audio.notes[:_NOTES]]
        head: dict[str, object] = {"samples": len(signal), "notes": notes}
    except AudioError as error:
        head = {"error": str(error)[:_MESSAGE], "reason": error.reason}
    except MemoryError:
        head = {"error": f"{NAME}: expected a recording that can be decoded, found that it takes too much memory"}
        head["reason"] = "unreadable"
    answers.write(json.dumps(head).encode() + b"\n")
    answers.write(np.ascontiguousarray(signal, dtype=np.float32).data)
    answers.flush()


def _limit_this_process(limits: DecodeLimits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS has no such limit
        memory = _OVERHEAD + _BYTES_PER_SAMPLE * limits.samples
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _limit_time(n_bytes: int, max_seconds: float) -> None:
    """Have the system end this process where decoding takes longer than recordings of this size do, by far."""
    seconds = _SECONDS + _SECONDS_PER_SECOND * max_seconds + _SECONDS_PER_BYTE * n_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds), hard))


def _silence_c_libraries() -> BinaryIO:
    """Keep stdout for answers and stderr for Python: libmpg123, for one, prints what it thinks of a file."""
    answers, errors = os.dup(1), os.dup(2)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (a name, not a path)
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    sys.stderr = os.fdopen(errors, "w")
    return os.fdopen(answers, "wb")


if __name__ == "__main__":
    main()
