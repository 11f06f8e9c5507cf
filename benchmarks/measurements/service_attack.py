"""What a real `ser serve` does while it is attacked; the table goes into docs/service.md.

``python -m benchmarks.measurements.service_attack`` does it again, on this machine alone: each attack runs in another
process for a while, as this one asks for /health again and again, looks at the service's memory, and then waits for a
recording's answer.
"""

import json
import multiprocessing
import os
import resource
import socket
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import typer

from benchmarks.documents import write_block
from benchmarks.measurements.served import hums, resident, served
from ser.storage import write_json

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "service.md"
RESULTS = TOP / "benchmarks" / "results" / "service_attack.json"

PAUSE = 0.1
"""Seconds from one look at the service to the next."""

GIVE_UP = 30.0
"""Seconds that an answer is waited for."""

Where = tuple[str, int]

_FORM = (
    b"Content-Type: multipart/form-data; boundary=x",
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n',
)


def _send(where: Where, *parts: bytes, pause: float = 0.0, read: bool = True) -> None:
    """Send what may be refused at any point, and wait for the answer."""
    with suppress(OSError), socket.create_connection(where, GIVE_UP) as client:
        for part in parts:
            client.sendall(part)
            time.sleep(pause)
        if read:
            client.recv(1 << 16)


def _head(path: str, kind: bytes, length: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n".encode() + kind + b"\r\n\r\n"


def _large_json(where: Where) -> None:
    """18 MB of JSON, once as what it is and once said to be an upload."""
    body = b"[" + b"{}," * (6 << 20) + b"{}]"
    for kind in (b"Content-Type: application/json", _FORM[0]):
        _send(where, _head("/predict", kind, len(body)), body)


def _silent(where: Where) -> None:
    """Connections that say nothing or half a head, a hundred from each thread that does this."""
    opened = []
    with suppress(OSError):
        for number in range(100):
            opened.append(socket.create_connection(where, GIVE_UP))
            if number % 2:
                opened[-1].sendall(b"GET /health HTTP/1.1\r\nHost: local")
    time.sleep(2)
    for one in opened:
        one.close()


def _broken_off(where: Where) -> None:
    """8 MB of an upload that was to be 19 MB, and a form of a thousand files of one word."""
    _send(where, _head("/predict", _FORM[0], 19_000_000), _FORM[1], bytes(8_000_000), read=False)
    body = (_FORM[1] + b"word\r\n") * 1000
    _send(where, _head("/predict", _FORM[0], len(body)), body)


def _costly(where: Where) -> None:
    """Three frames of MP3 and 8 MB of false ones, empty tags: of what was tried, what takes a decoder longest."""
    frames = (b"\xff\xfb\x90\x00" + bytes(413)) * 3 + b"ID3\x03" + (bytes(6) + b"ID3\x03") * 800_000
    body = _FORM[1] + frames + b"\r\n--x--\r\n"
    _send(where, _head("/predict", _FORM[0], len(body)), body)


def _trickling(where: Where) -> None:
    """An upload that comes byte by byte."""
    _send(where, _head("/predict", _FORM[0], 1000), *_FORM[1].split(), pause=0.5)


ATTACKS: dict[str, tuple[int, Callable[[Where], None]]] = {
    "large JSON": (12, _large_json),
    "silent connections": (15, _silent),
    "broken-off uploads": (12, _broken_off),
    "costly recordings": (8, _costly),
    "trickling uploads": (32, _trickling),
}
"""How many threads do what, again and again."""


def main(
    model: Annotated[Path, typer.Option(exists=True)] = Path("models/model.onnx"),
    seconds: Annotated[float, typer.Option(min=1, max=60, help="Of each attack.")] = 15.0,
) -> None:
    """Attack, and write the results and the page."""
    results: dict[str, Any] = {"cores": os.cpu_count(), "seconds": seconds, "attacks": {}}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with served(log, "--model", str(model)) as (address, pid):
            for name in ATTACKS:
                results["attacks"][name] = _under(name, seconds, address, pid)
        lines = [json.loads(line) for line in log.read_text(encoding="ascii").splitlines()]
        results["log"] = {
            "lines": len(lines),
            "kb": round(log.stat().st_size / 1024, 1),
            "tracebacks": sum("traceback" in line for line in lines),
        }
    write_json(results, RESULTS)
    write_block(PAGE, "attack", block(results))
    typer.echo(block(results))


def _under(name: str, seconds: float, address: str, pid: int) -> dict[str, Any]:
    """What is seen during an attack, and how long it lasts on."""
    parts = urlsplit(address)
    context = multiprocessing.get_context("spawn")
    n_done = context.Value("L", 0)
    attacker = context.Process(target=_attack, args=(name, (parts.hostname, parts.port), seconds, n_done))
    waits, peak, failed = [], 0.0, 0
    attacker.start()
    while attacker.is_alive():
        started = time.perf_counter()
        try:
            httpx.get(f"{address}/health", timeout=GIVE_UP).raise_for_status()
        except httpx.HTTPError:
            failed += 1
        waits.append(time.perf_counter() - started)
        peak = max(peak, sum(resident(pid).values()))
        time.sleep(PAUSE)
    ended = time.perf_counter()
    upload = {"file": ("a.wav", hums()[0])}
    while not httpx.post(f"{address}/predict", files=upload, timeout=GIVE_UP).is_success:
        time.sleep(PAUSE)
    return {
        "threads": ATTACKS[name][0],
        "rounds": n_done.value,
        "looks": len(waits),
        "failed": failed,
        "slowest_ms": round(1000 * max(waits), 1),
        "peak_mb": round(peak, 1),
        "recovery_s": round(time.perf_counter() - ended, 2),
    }


def _attack(name: str, where: Where, seconds: float, n_done: Any) -> None:
    """Do it for so long, and then let go of everything at once, by ending this process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    n_threads, once = ATTACKS[name]
    end = time.monotonic() + seconds

    def again() -> None:
        while True:
            once(where)
            with n_done.get_lock():
                n_done.value += 1

    threads = ThreadPoolExecutor(n_threads)
    for _ in range(n_threads):
        threads.submit(again)
    time.sleep(end - time.monotonic())
    os._exit(0)


def block(results: dict[str, Any]) -> str:
    """Lay the results out as Markdown."""
    rows = [["attack", "threads", "rounds", "slowest `/health`", "most memory", "recovered after"], ["---"] * 6]
    for name, one in results["attacks"].items():
        numbers = [f"{one['slowest_ms']:.0f} ms", f"{one['peak_mb']:.0f} MB", f"{one['recovery_s']:.1f} s"]
        rows.append([name, f"{one['threads']}", f"{one['rounds']:,}", *numbers])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    attacks, log = results["attacks"].values(), results["log"]
    return (
        f"{table}\n\n{results['seconds']:g} s of each, on {results['cores']} cores, which the attackers use, too;"
        f" `/health` asked {sum(one['looks'] for one in attacks):,} times, not answered"
        f" {sum(one['failed'] for one in attacks)} times; memory with that of the decoding processes."
        f" Log: {log['lines']:,} lines, {log['kb']:.0f} kB, {log['tracebacks']} tracebacks."
    )


if __name__ == "__main__":
    typer.run(main)
