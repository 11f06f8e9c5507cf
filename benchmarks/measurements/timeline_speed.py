"""Time and memory of `ser timeline` on hours of audio; the table goes into docs/timeline.md.

    python -m benchmarks.measurements.timeline_speed data/raw/ravdess

The recordings are made of RAVDESS's clips in a random order, with pauses between them. Each is read by a process of its
own, from start to exit, several times; the picture is drawn in one more run.
"""

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import soundfile
import typer

from benchmarks.documents import write_block
from benchmarks.measurements.predict_speed import run_process
from ser.audio.decode import decode
from ser.audio.files import find_recordings
from ser.audio.signal import to_mono
from ser.storage import write_json

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "timeline.md"
RESULTS = TOP / "benchmarks" / "results" / "timeline_speed.json"
MINUTES = (5, 60, 120)
RUNS = 3
PAUSES = (0.2, 2.5)  # seconds
NOISE = 3e-4


def main(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="RAVDESS.")],
    model: Annotated[Path, typer.Option(exists=True, help="As `dvc repro` writes it.")] = Path("models/model.onnx"),
) -> None:
    """Measure, and write the results and the page."""
    clips = find_recordings(folder)
    ser = str(Path(sys.executable).parent / "ser")
    lengths: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        recordings = {minutes: Path(scratch) / f"{minutes}.wav" for minutes in MINUTES}
        for minutes, path in recordings.items():
            sampling_rate = _write(path, clips, 60 * minutes)
        runs: dict[int, list[tuple[str, float, float]]] = {minutes: [] for minutes in MINUTES}
        for _ in range(RUNS):
            for minutes, path in recordings.items():
                runs[minutes].append(run_process([ser, "timeline", str(path), "--json", "--model", str(model)]))
        picture = run_process([ser, "timeline", str(path), "--picture", f"{scratch}/a.png", "--model", str(model)])
    for minutes, measured in runs.items():
        lengths[str(minutes)] = {
            "seconds_min": round(min(seconds for _, seconds, _ in measured), 2),
            "seconds_median": round(statistics.median(seconds for _, seconds, _ in measured), 2),
            "peak_mb": round(max(peak for _, _, peak in measured)),
            "windows": len(json.loads(measured[0][0])["windows"]),
        }
    results = {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "runs": RUNS,
        "sampling_rate": sampling_rate,
        "minutes": lengths,
        "picture_seconds": round(picture[1], 2),
    }
    write_json(results, RESULTS)
    write_block(PAGE, "speed", block(results))
    typer.echo(block(results))


def _write(path: Path, clips: list[Path], seconds: int) -> int:
    """Write clips and pauses until the recording is long enough, in 16 bits; returns its sampling rate."""
    rng = np.random.default_rng(0)
    _, sampling_rate = decode(clips[0])
    left = seconds * sampling_rate
    with soundfile.SoundFile(path, "w", sampling_rate, 1, "PCM_16") as sound:
        while left > 0:
            pause = np.zeros(round(rng.uniform(*PAUSES) * sampling_rate), np.float32)
            signal = np.concatenate([pause, to_mono(decode(clips[rng.integers(len(clips))])[0])])[:left]
            sound.write(signal + NOISE * rng.normal(size=len(signal)).astype(np.float32))
            left -= len(signal)
    return sampling_rate


def block(results: dict[str, Any]) -> str:
    """Lay the results out as Markdown."""
    rows = ["| recording | quickest | median | peak memory | windows |", "|---|---|---|---|---|"]
    for minutes, one in results["minutes"].items():
        times = f"{one['seconds_min']:.1f} s | {one['seconds_median']:.1f} s"
        rows.append(f"| {minutes} minutes | {times} | {one['peak_mb']} MB | {one['windows']} |")
    where = f"{results['cores']} cores, load average {results['load']:.1f} (one run alone: at most {results['cores']})"
    return "\n".join(
        [
            *rows,
            "",
            f"{results['runs']} runs of each, recordings of {results['sampling_rate']} Hz; {where}.",
            f"With the picture of the longest, {results['picture_seconds']:.1f} s.",
        ]
    )


if __name__ == "__main__":
    typer.run(main)
