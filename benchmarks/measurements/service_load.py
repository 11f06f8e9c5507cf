"""Throughput, latency and memory of a real `ser serve`; the tables go into docs/service.md.

``python -m benchmarks.measurements.service_load`` does it again: 1, 8 and 32 clients at once, over connections that
stay open, each sending its next recording as soon as it is answered.
"""

import asyncio
import os
import ssl
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
import typer

from benchmarks.documents import write_block
from benchmarks.measurements.served import SECONDS, hums, resident, served
from ser.storage import write_json

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "service.md"
RESULTS = TOP / "benchmarks" / "results" / "service_load.json"
CLIENTS = (1, 8, 32)
PERCENTILES = (50, 95, 99)


def main(
    model: Annotated[Path, typer.Option(exists=True)] = Path("models/model.onnx"),
    requests: Annotated[int, typer.Option(min=100, help="For each number of clients.")] = 1000,
    total: Annotated[int, typer.Option(min=100, help="Until memory is looked at for the last time.")] = 10_000,
    note: Annotated[str, typer.Option(help="What else the machine was doing.")] = "nothing else",
) -> None:
    """Measure, and write the results and the page."""
    results: dict[str, Any] = {"cores": os.cpu_count(), "beside": note, "requests": requests}
    results["upload_kb"] = round(len(hums()[0]) / 1024)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "log", "--model", str(model)) as (address, pid):
        results |= asyncio.run(_measure(address, pid, requests, total))
    write_json(results, RESULTS)
    write_block(PAGE, "load", block(results))
    typer.echo(block(results))


async def _measure(address: str, pid: int, requests: int, total: int) -> dict[str, Any]:
    recordings = hums()
    memory = {"0": resident(pid)}
    load = {str(n): await _drive(address, recordings, n, requests) for n in CLIENTS}
    n_sent = requests * len(CLIENTS)
    while n_sent < total:
        memory[str(n_sent)] = resident(pid)
        part = min(1000, total - n_sent)
        await _drive(address, recordings, CLIENTS[1], part)
        n_sent += part
    memory[str(n_sent)] = resident(pid)
    return {"load": load, "memory_mb": memory}


async def _drive(address: str, recordings: list[bytes], n_clients: int, n: int) -> dict[str, Any]:
    """Send `n` recordings from so many clients at once, and sum up; one that is told to come again later waits."""
    seconds: list[float] = []
    statuses: Counter[str] = Counter()
    numbers = iter(range(n))
    certificates = ssl.create_default_context()  # of no use here, but each client would take its time to read its own

    async def send() -> None:
        # One connection each: those that share a pool wait for one another in it.
        async with httpx.AsyncClient(base_url=address, timeout=60, verify=certificates) as client:
            for number in numbers:
                started = time.perf_counter()
                content = recordings[number % len(recordings)]
                answer = await client.post("/predict", files={"file": ("a.wav", content)})
                statuses[str(answer.status_code)] += 1
                if answer.is_success:
                    seconds.append(time.perf_counter() - started)
                else:
                    await asyncio.sleep(float(answer.headers.get("retry-after", 0)))

    started = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(n_clients)))
    elapsed = time.perf_counter() - started
    found = {f"p{one}_ms": round(1000 * float(np.percentile(seconds, one)), 1) for one in PERCENTILES}
    return {"per_second": round(len(seconds) / elapsed, 1), **found, "statuses": dict(sorted(statuses.items()))}


def block(results: dict[str, Any]) -> str:
    """Lay the results out as Markdown."""
    rows = [["clients", "recordings per second", "p50", "p95", "p99", "answered 200", "answered 429"], ["---"] * 7]
    for clients, one in results["load"].items():
        times = [f"{one[f'p{percentile}_ms']:.0f} ms" for percentile in PERCENTILES]
        counts = [f"{one['statuses'].get(status, 0):,}" for status in ("200", "429")]
        rows.append([clients, f"{one['per_second']:.0f}", *times, *counts])
    others = {status for one in results["load"].values() for status in one["statuses"]} - {"200", "429"}
    memory = [["requests so far", "service", "decoding processes"], ["---"] * 3]
    memory += [
        [f"{int(n):,}", f"{one['service']:.0f} MB", f"{one['decoders']:.0f} MB"]
        for n, one in results["memory_mb"].items()
    ]
    tables = ["\n".join(f"| {' | '.join(row)} |" for row in table) for table in (rows, memory)]
    what = f"{results['requests']:,} uploads of {results['upload_kb']} kB ({SECONDS:g} s) for each number of clients"
    where = f"{results['cores']} cores, which the client uses, too; beside it ran: {results['beside']}"
    return f"{tables[0]}\n\n{what}; other answers: {', '.join(sorted(others)) or 'none'}; {where}.\n\n{tables[1]}"


if __name__ == "__main__":
    typer.run(main)
