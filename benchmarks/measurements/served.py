"""A real `ser serve` process, for measurements."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

SECONDS = 3.0
"""Length of a recording, as RAVDESS's are."""

RATE = 48_000


@contextmanager
def served(log: Path, *options: str) -> Iterator[tuple[str, int]]:
    """Run ``ser serve`` on a free port; yields its address and process id, and ends it.

    Args:
        log: a file for what it says.
        options: of ``ser serve``.

    Raises:
        RuntimeError: it does not listen, or does not end well.
    """
    ser = str(Path(sys.executable).parent / "ser")
    with log.open("w+") as said, subprocess.Popen([ser, "serve", "--port", "0", *options], stderr=said) as process:
        try:
            yield _address(process, log), process.pid
        finally:
            process.terminate()
    if process.returncode:
        raise RuntimeError(f"ser serve ended with {process.returncode}:\n{log.read_text()[-2000:]}")


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """What it says it listens on."""
    while process.poll() is None:
        for line in log.read_text().splitlines(keepends=True):
            if line.endswith("\n") and (message := json.loads(line))["event"] == "listening":
                return str(message["url"])
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    raise RuntimeError(f"ser serve ended with {process.returncode}:\n{log.read_text()[-2000:]}")


def hums() -> list[bytes]:
    """Hums with breath, as WAV files of 16 bits; made here, so that no corpus is needed."""
    rng = np.random.default_rng(0)
    time = np.arange(round(SECONDS * RATE)) / RATE
    files = []
    for pitch in rng.uniform(90, 300, 16):
        hum = sum(np.sin(2 * np.pi * k * pitch * time) / k for k in range(1, 12))
        file = io.BytesIO()
        soundfile.write(file, 0.1 * hum + 0.01 * rng.normal(size=len(time)), RATE, format="WAV", subtype="PCM_16")
        files.append(file.getvalue())
    return files


def resident(pid: int) -> dict[str, float]:
    """Resident megabytes of the service and of its decoding processes, together."""
    processes = subprocess.run(["ps", "-Ao", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
    rows = [tuple(map(int, line.split())) for line in processes.splitlines()]
    service = sum(kilobytes for one, _, kilobytes in rows if one == pid)
    decoders = sum(kilobytes for _, parent, kilobytes in rows if parent == pid)
    return {"service": round(service / 1024, 1), "decoders": round(decoders / 1024, 1)}
