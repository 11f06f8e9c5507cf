"""A service in a process of its own, as its users start it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SER = Path(sys.executable).parent / "ser"

START_TIMEOUT = 120.0
"""Seconds, on a machine that has much else to do."""


@contextmanager
def running_service(folder: Path, *options: str, program: Path = SER, **variables: str) -> Iterator[str]:
    """Run `ser serve` in a folder with models; yields its address. Temporary files go to ``folder/scratch``.

    A file, ``folder/log``, and not a pipe for what it logs, since nobody reads while a test runs.
    """
    (folder / "scratch").mkdir(exist_ok=True)
    log = folder / "log"
    command = [program, "serve", "--port", "0", *options]
    environment = os.environ | {"TMPDIR": str(folder / "scratch"), "OMP_NUM_THREADS": "1"} | variables
    with log.open("w") as stderr, subprocess.Popen(command, cwd=folder, stderr=stderr, env=environment) as process:
        try:
            yield _address(process, log)
        finally:
            process.terminate()
            process.wait(60)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        for line in log.read_text().splitlines():
            if line.endswith("}") and (event := json.loads(line))["event"] == "listening":
                return str(event["url"])
        time.sleep(0.05)
    raise AssertionError(f"the service does not listen:\n{log.read_text()}")
