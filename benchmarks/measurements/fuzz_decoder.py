"""Damaged recordings sent to a real `ser serve`; what they are answered goes into docs/service.md.

python -m benchmarks.measurements.fuzz_decoder --model models/model.onnx
"""

import asyncio
import io
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
import soundfile
import typer

from benchmarks.documents import write_block
from benchmarks.measurements.served import served
from ser.storage import write_json

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "service.md"
RESULTS = TOP / "benchmarks" / "results" / "fuzz_decoder.json"

KINDS = {
    "WAV": (("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "ULAW"), ("WAV", "IMA_ADPCM"), ("WAVEX", "PCM_24")),
    "FLAC": (("FLAC", "PCM_16"),),
    "Ogg": (("OGG", "VORBIS"), ("OGG", "OPUS")),
    "MP3": (("MP3", "MPEG_LAYER_III"),),
}
"""What is damaged: containers and encodings, by libsndfile's names."""

_HEADER = 200  # bytes from a file's start, where most damage is done
_EXTREME = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_CLIENTS = 8


def damaged(seed: int, n_files: int) -> Iterator[tuple[str, bytes]]:
    """Yield containers' names and damaged recordings, the same for the same seed."""
    rng = np.random.default_rng(seed)
    originals = [(name, _recording(*kind)) for name, kinds in KINDS.items() for kind in kinds]
    for number in range(n_files):
        name, original = originals[number % len(originals)]
        content = bytearray(original)
        for _ in range(rng.integers(1, 4)):
            content = _damage(content, originals[rng.integers(len(originals))][1], rng)
        yield name, bytes(content)


def _recording(container: str, subtype: str) -> bytes:
    """A third of a second of noise with an envelope."""
    time = np.arange(5333) / 16_000
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, len(time)) * np.abs(np.sin(20 * time))
    file = io.BytesIO()
    soundfile.write(file, noise, 16_000, format=container, subtype=subtype)
    return file.getvalue()


def _damage(content: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    """Do one of the things that befall files, or that are done to them."""
    if not content:
        return content
    at = int(rng.integers(min(len(content), _HEADER if rng.random() < 0.8 else len(content))))
    match rng.integers(7):
        case 0:  # other bytes
            content[at : at + 4] = rng.bytes(min(4, len(content) - at))
        case 1:  # one bit
            content[at] ^= 1 << int(rng.integers(8))
        case 2:  # a length or a rate that cannot be
            extreme = int(rng.choice(_EXTREME)).to_bytes(4, rng.choice(["little", "big"]))
            content[at : at + 4] = extreme[: len(content) - at]
        case 3:  # cut short
            del content[int(rng.integers(len(content))) :]
        case 4:  # a piece is missing
            del content[at : at + int(rng.integers(1, 64))]
        case 5:  # a piece is there twice
            content[at:at] = content[at : at + int(rng.integers(1, 64))]
        case 6:  # another file goes on where this one ends
            content[at:] = other[at:]
    return content


def main(
    model: Annotated[Path, typer.Option(exists=True)] = Path("models/model.onnx"),
    files: Annotated[int, typer.Option(min=1, help="How many.")] = 6000,
    seed: Annotated[int, typer.Option(help="Of the damage.")] = 0,
) -> None:
    """Send, and write the results and the page."""
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        with served(log, "--model", str(model), "--concurrency", str(_CLIENTS), "--timeout", "20") as (address, _):
            statuses, lost = asyncio.run(_send_all(address, files, seed))
        tracebacks = log.read_text().count('"traceback"')
    results = {"files": files, "seed": seed, "statuses": statuses, "decoders_lost": lost, "tracebacks": tracebacks}
    write_json(results, RESULTS)
    write_block(PAGE, "fuzz", block(results))
    typer.echo(block(results))


async def _send_all(address: str, n_files: int, seed: int) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Answers' statuses for each container, and how many decoding processes were lost, and how."""
    found: dict[str, Counter[str]] = {name: Counter() for name in KINDS}
    source = damaged(seed, n_files)
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:

        async def send() -> None:
            for name, content in source:
                answer = await client.post("/predict", files={"file": ("a", content)})
                found[name][str(answer.status_code)] += 1

        await asyncio.gather(*(send() for _ in range(_CLIENTS)))
        metrics = (await client.get("/metrics")).text
    lines = [line for line in metrics.splitlines() if line.startswith("ser_decoders_lost_total{")]
    lost = {line.split('"')[1]: int(float(line.split()[-1])) for line in lines}
    return {name: dict(sorted(counter.items())) for name, counter in found.items()}, lost


def block(results: dict[str, Any]) -> str:
    """Lay the results out as Markdown."""
    statuses = results["statuses"]
    columns = sorted({status for counter in statuses.values() for status in counter})
    rows = [["", *columns], ["---"] * (1 + len(columns))]
    rows += [[name, *(f"{counter.get(one, 0):,}" for one in columns)] for name, counter in statuses.items()]
    lost = sum(results["decoders_lost"].values())
    said = f"{results['files']:,} damaged recordings, by the status of their answers. Decoding processes lost: {lost};"
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\n{said} tracebacks in the log: {results['tracebacks']}."


if __name__ == "__main__":
    typer.run(main)
