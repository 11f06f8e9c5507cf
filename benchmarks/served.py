"""A real `ser serve` process, for measurements."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
