"""A service in a process of its own, as its users start it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SER = Path(sys.executable).parent / "ser"


class Service:
    """A real `ser serve` in a folder with models, ``folder/models``.

    Its temporary files go to ``folder/tmp``, what it logs to ``folder/log``: a file, and not a pipe, since nobody reads
    while a test runs.
    """

    def __init__(self, folder: Path, *options: str, program: Path = SER, **variables: str) -> None:
        self.folder, self.log = folder, folder / "log"
        (folder / "tmp").mkdir()
        environment = os.environ | {"TMPDIR": str(folder / "tmp"), "OMP_NUM_THREADS": "1"} | variables
        with self.log.open("wb") as log:
            command = [program, "serve", "--port", "0", *options]
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=log)
        self.url = str(self.wait_for("listening")["url"])

    def messages(self) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]

    def wait_for(self, event: str, seconds: float = 120) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            for message in self.messages():
                if message["event"] == event:
                    return message
            time.sleep(0.05)
        raise AssertionError(f"no '{event}' in {self.log.read_text()}")

    def temporary_files(self) -> list[Path]:
        return [path for path in (self.folder / "tmp").rglob("*") if path.is_file()]

    def end(self, ending: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(ending)
        return self.process.wait(60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running_service(folder: Path, *options: str, program: Path = SER, **variables: str) -> Iterator[str]:
    """Run a `Service`; yields its address."""
    service = Service(folder, *options, program=program, **variables)
    try:
        yield service.url
        service.end()
    finally:
        service.kill()
