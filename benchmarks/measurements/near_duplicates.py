"""The audit's search for copies against comparing every pair, to 50,000 recordings: seconds, memory and recall.

Figures and curve go to benchmarks/results, the table into docs/audit.md.

    python -m benchmarks.measurements.near_duplicates

The fingerprints are made up: fields of smooth noise around the template of a sentence, which lie nearer to one another
than those of RAVDESS do (see `fingerprints`), with copies planted among them. What decoding costs is measured apart,
per clip, since each clip is decoded by itself.
"""

import os
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import soundfile
import typer
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter

from benchmarks.documents import write_block
from ser.audit.report import audit_tables
from ser.audit.text import to_text
from ser.dataset.fingerprint import N_BITS, NEAR_IDENTICAL_BITS
from ser.dataset.metadata import EMOTIONS
from ser.dataset.near_duplicates import group_near_identical
from ser.dataset.recordings import CONDITION_COLUMNS, examine
from ser.plots.style import BLUE, GREY, ORANGE, save_figure
from ser.storage import write_json

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "audit.md"
RESULTS = TOP / "benchmarks" / "results" / "near_duplicates.json"
CURVE = RESULTS.with_suffix(".png")
SIZES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
ROWS, COLUMNS = 256, 4_096  # of the distance matrix at a time: the quickest of what was tried
COPIES = 0.1  # share of the recordings that are copies of another one
SENTENCES = 50  # each as one speaker says it
TEMPLATE = 0.4  # share of the variance that all takes of a sentence have in common
SMOOTHNESS = (0.9, 0.6)  # standard deviation of the filter over time and frequency, in segments and bands
CLIPS, SECONDS, RATE = 300, 3.0, 16_000  # decoded to time one clip

T = TypeVar("T")


def fingerprints(n: int, rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """Make up fingerprints.

    On 1,440 clips of RAVDESS one pair in a thousand differs in less than 199 bits, one in a hundred in less than 218,
    half in less than 254; here in less than 165, 190 and 256, which makes the search no easier than it is.

    Returns:
        The fingerprints, and for every one the index of what it is a copy of, or its own; a copy differs in 1 to
        `NEAR_IDENTICAL_BITS` bits.
    """
    noise = gaussian_filter(rng.normal(size=(n + SENTENCES, 32, 16)).astype(np.float32), (0, *SMOOTHNESS))
    takes, templates = noise[:n], noise[n:]
    said = templates[rng.integers(SENTENCES, size=n)]
    bits = (np.sqrt(1 - TEMPLATE) * takes + np.sqrt(TEMPLATE) * said > 0).reshape(n, N_BITS)
    originals = np.arange(n)
    n_copies = round(COPIES * n)
    originals[n - n_copies :] = rng.integers(n - n_copies, size=n_copies)
    for copy in range(n - n_copies, n):
        flipped = rng.choice(N_BITS, rng.integers(1, NEAR_IDENTICAL_BITS + 1), replace=False)
        bits[copy] = bits[originals[copy]]
        bits[copy, flipped] ^= True
    return [row.tobytes().hex() for row in np.packbits(bits, axis=1)], originals


def all_pairs(codes: list[str]) -> np.ndarray:
    """Compare all pairs, block by block; returns those that are near-identical, shape (n_pairs, 2).

    Half of the bits rules most pairs out, and the sum of 256 bits in 8 none that is near; the rest is compared in all.
    """
    words = np.frombuffer(bytes.fromhex("".join(codes)), dtype=np.uint64).reshape(len(codes), N_BITS // 64)
    columns = np.ascontiguousarray(words[:, : N_BITS // 128].T)
    found = []
    for top in range(0, len(words), ROWS):
        rows = columns[:, top : top + ROWS, None]
        for left in range(top, len(words), COLUMNS):
            distances = np.zeros((rows.shape[1], min(COLUMNS, len(words) - left)), dtype=np.uint8)
            for ours, theirs in zip(rows, columns[:, None, left : left + COLUMNS], strict=True):
                distances += np.bitwise_count(ours ^ theirs)
            one, other = np.nonzero(distances <= NEAR_IDENTICAL_BITS)
            one, other = one + top, other + left
            near = np.bitwise_count(words[one] ^ words[other]).sum(axis=1) <= NEAR_IDENTICAL_BITS
            found.append(np.stack([one, other], axis=1)[near & (one < other)])
    return np.concatenate(found)


def measure(n: int, rng: np.random.Generator) -> dict[str, Any]:
    """Time the search, all pairs, and the tables of an audit; count what was found."""
    codes, originals = fingerprints(n, rng)
    copies = np.flatnonzero(originals != np.arange(n))
    groups, searched = _measured(lambda: group_near_identical(codes))
    pairs, compared = _measured(lambda: all_pairs(codes))
    metadata, conditions = _tables(codes)
    rejected = pd.DataFrame(columns=["path", "reason", "detail"])
    _, audit_seconds = _timed(lambda: to_text(audit_tables(metadata, rejected, conditions)))
    return {
        "recordings": n,
        "search": searched,
        "all_pairs": compared,
        "audit_seconds": round(audit_seconds, 3),
        "planted_copies": len(copies),
        "recall_of_planted": round(float((groups[copies] == groups[originals[copies]]).mean()), 5),
        "near_identical_pairs": len(pairs),
        "recall_of_pairs": round(float((groups[pairs[:, 0]] == groups[pairs[:, 1]]).mean()), 5),
    }


def _measured(function: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """Seconds, and in a run apart the most memory that it takes at a time, in MB."""
    result, seconds = _timed(function)
    tracemalloc.start()
    function()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return result, {"seconds": round(seconds, 3), "peak_mb": round(peak / 1e6, 1)}


def _timed(function: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    result = function()
    return result, time.perf_counter() - started


def _tables(codes: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables such as the ingest stage has, of unremarkable recordings with the given fingerprints."""
    n = len(codes)
    numbers = np.arange(n)
    paths = [f"data/raw/made_up/{number:06}.wav" for number in numbers]
    plain = {"container": "WAV", "sampling_rate": RATE, "channels": 1, "equal_channels": True, "duration": SECONDS}
    levels = {"peak_db": -6.0, "rms_db": -26.0, "dc_offset": 0.0, "clipped_share": 0.0}
    edges = {"leading_silence": 0.2, "trailing_silence": 0.2, "start_db": -60.0, "end_db": -60.0, "odd": ""}
    conditions = pd.DataFrame(
        {"path": paths, "audio_hash": codes, "signal_hash": codes, "fingerprint": codes} | plain | levels | edges
    )
    speakers = numbers // len(EMOTIONS) % 100
    metadata = pd.DataFrame(
        {
            "path": paths,
            "corpus": "made_up",
            "emotion": np.array(EMOTIONS)[numbers % len(EMOTIONS)],
            "gender": np.array(["female", "male"])[speakers % 2],
            "speaker": [f"made_up_{speaker}" for speaker in speakers],
            "duration": SECONDS,
        }
    )
    return metadata, conditions[list(CONDITION_COLUMNS)]


def measure_examination(rng: np.random.Generator) -> float:
    """Milliseconds to decode, hash, fingerprint and measure one clip on all cores."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.wav" for number in range(CLIPS)]
        for path in paths:
            soundfile.write(path, 0.1 * rng.normal(size=round(SECONDS * RATE)).clip(-3, 3), RATE)
        list(examine(paths[:50]))  # the worker processes start
        _, seconds = _timed(lambda: list(examine(paths)))
    return 1000 * seconds / CLIPS


def draw(results: dict[str, Any], path: Path) -> None:
    """Seconds over recordings, both logarithmic, beside a straight line of linear growth."""
    rows = results["sizes"]
    sizes = np.array([row["recordings"] for row in rows])
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.loglog(sizes, [row["search"]["seconds"] for row in rows], "o-", color=BLUE, label="search for copies")
    axes.loglog(
        sizes, [row["audit_seconds"] for row in rows], "s-", color=GREY, label="all of the audit but the decoding"
    )
    axes.loglog(sizes, [row["all_pairs"]["seconds"] for row in rows], "^-", color=ORANGE, label="all pairs")
    start = rows[0]["audit_seconds"]
    axes.loglog(sizes, start * sizes / sizes[0], ":", color="black", label="linear growth")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set(xlabel="Recordings", ylabel="Seconds")
    recall = min(row["recall_of_planted"] for row in rows)
    axes.set_title(f"Cost of an audit; planted copies found: {recall:.1%}")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    save_figure(figure, path)


def block(results: dict[str, Any]) -> str:
    """The table of the page."""
    rows = [
        f"| {row['recordings']:,} | {row['search']['seconds']:.3f} | {row['all_pairs']['seconds']:.3f}"
        f" | {row['search']['peak_mb']:.0f} | {row['all_pairs']['peak_mb']:.0f}"
        f" | {row['recall_of_pairs']:.2%} of {row['near_identical_pairs']:,} |"
        for row in results["sizes"]
    ]
    return "\n".join(
        [
            "| recordings | sampled bits: s | all pairs: s | sampled bits: MB | all pairs: MB | pairs sampling found |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            f"{results['cores']} cores, of which either uses one; made-up fingerprints, one in ten of them a copy.",
        ]
    )


def main() -> None:
    """Measure every size once; takes about a minute on 2 cores."""
    rng = np.random.default_rng(0)
    examination = measure_examination(rng)
    group_near_identical(fingerprints(100, rng)[0])  # what is imported on first use is not timed
    results = {
        "cores": os.cpu_count(),
        "examine_milliseconds_per_clip": round(examination, 2),
        "clip": f"{SECONDS:g} s at {RATE} Hz",
        "sizes": [measure(n, rng) for n in SIZES],
    }
    write_json(results, RESULTS)
    draw(results, CURVE)
    write_block(PAGE, "copies", block(results))
    typer.echo(block(results))


if __name__ == "__main__":
    typer.run(main)
