"""Time and memory of `ser predict` beside a plain script of the same model; the table goes into docs/predict.md.

    python -m benchmarks.measurements.predict_speed data/raw/ravdess

Cold: whole processes, from start to exit, in turn, so that whatever else the machine does strikes both alike. All that
is measured runs in processes of its own: a child begins with its parent's peak memory, so this one imports little.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.documents import write_block
from ser.audio.files import find_recordings

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "predict.md"
RESULTS = TOP / "benchmarks" / "results" / "predict_speed.json"
COLD_RUNS = 9
CLIPS = 200
MEGABYTE = 1 << 20

PLAIN = """
import json, sys
import librosa, numpy, torch
from ser.models.{architecture} import Network
from ser.params import ConvolutionsParams

f = json.loads(sys.argv[1])
f |= f["front_ends"]["log_mel"]
state = torch.load(sys.argv[2], weights_only=True)
mean, deviation = (state.pop("standardise.log_mel." + name) for name in ("mean", "deviation"))
size = round(f["duration"] * f["sampling_rate"])
settings = ConvolutionsParams(conv_dropout=0.0, dense_dropout=0.0)
network = Network({n_classes}, [(f["n_mels"], 1 + size // f["hop_length"])], settings).eval()
network.load_state_dict({{name.removeprefix("network."): value for name, value in state.items()}})
for path in sys.argv[3:]:
    signal, rate = librosa.load(path, sr=f["sampling_rate"])
    signal, _ = librosa.effects.trim(signal, top_db=f["trim_db"])
    signal = librosa.util.fix_length(signal, size=size)
    power = librosa.feature.melspectrogram(
        y=signal, sr=rate, n_fft=f["n_fft"], hop_length=f["hop_length"], n_mels=f["n_mels"],
        fmin=f["f_min"], fmax=f["f_max"])
    features = librosa.power_to_db(power, ref=numpy.max, top_db=f["top_db"])
    with torch.inference_mode():
        logits = network((torch.from_numpy(features)[None] - mean) / deviation)
    print(json.dumps((logits / {temperature}).softmax(1)[0].tolist()))
"""

WARM = """
import os, sys, time
os.environ["OPENBLAS_NUM_THREADS"] = "1"
from ser import Predictor

predictor = Predictor.load(sys.argv[1])
for jobs in (1, 2):
    list(predictor.predict_many(sys.argv[2:], jobs=jobs))
    started = time.perf_counter()
    list(predictor.predict_many(sys.argv[2:], jobs=jobs))
    print(len(sys.argv[2:]) / (time.perf_counter() - started))
"""


def main(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Recordings.")],
    model: Annotated[Path, typer.Option(exists=True, help="As `dvc repro` trains it, with front end log_mel.")] = Path(
        "models/model.safetensors"
    ),
) -> None:
    """Measure, and write the results and the page."""
    found = find_recordings(folder)
    clips = [str(path) for path in found[:: max(1, len(found) // CLIPS)][:CLIPS]]
    ser = str(Path(sys.executable).parent / "ser")
    with tempfile.TemporaryDirectory() as scratch:
        onnx, weights = f"{scratch}/model.onnx", f"{scratch}/model.pth"
        run_process([ser, "export", "--model", str(model), "--out", onnx, "--weights", weights])
        from ser.model_files.onnx_check import read_network  # noqa: PLC0415

        description = json.loads(read_network(Path(onnx).read_bytes()).metadata["ser"])
        front_end = json.dumps(description["front_end"])
        architecture = next(iter(description["network"]))
        script = PLAIN.format(
            architecture=architecture,
            n_classes=len(description["classes"]),
            temperature=description["temperature"],
        )
        commands = {
            "ser predict": [ser, "predict", "--model", onnx, "--jsonl"],
            "plain script": [sys.executable, "-c", script, front_end, weights],
        }
        outputs = {name: run_process([*command, *clips])[0].splitlines() for name, command in commands.items()}
        cold: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(COLD_RUNS):
            for name, command in commands.items():
                cold[name].append(run_process([*command, clips[0]])[1:])
        one, two = map(float, run_process([sys.executable, "-c", WARM, onnx, *clips])[0].split())
    ours = [list(json.loads(line)["probabilities"].values()) for line in outputs["ser predict"]]
    plain = [json.loads(line) for line in outputs["plain script"]]
    pairs = [pair for left, right in zip(ours, plain, strict=True) for pair in zip(left, right, strict=True)]
    results = {
        "cores": os.cpu_count(),
        "model": architecture,
        "torch": run_process([sys.executable, "-c", "import torch; print(torch.__version__)"])[0].strip(),
        "runs": COLD_RUNS,
        "clips": len(clips),
        "cold": {name: _summary(runs) for name, runs in cold.items()},
        "warm_clips_per_second": {"1": round(one, 1), "2": round(two, 1)},
        "largest_difference": float(f"{max(abs(left - right) for left, right in pairs):.1e}"),
    }
    from ser.storage import write_json  # noqa: PLC0415 (pandas)

    write_json(results, RESULTS)
    write_block(PAGE, "speed", block(results))
    typer.echo(block(results))


def run_process(command: list[str]) -> tuple[str, float, float]:
    """Run a process: what it prints, its seconds, and its peak memory in megabytes."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None  # noqa: S101
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return said, seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MEGABYTE


def _summary(runs: list[tuple[float, float]]) -> dict[str, float]:
    seconds, peaks = zip(*runs, strict=True)
    return {
        "seconds_min": round(min(seconds), 3),
        "seconds_median": round(statistics.median(seconds), 3),
        "peak_mb": round(max(peaks)),
    }


def block(results: dict[str, Any]) -> str:
    """Lay the results out as Markdown."""
    cold = results["cold"]
    ours, plain = cold["ser predict"], cold["plain script"]
    rows = [
        "| | `ser predict` | plain script | |",
        "|---|---|---|---|",
    ]
    for key, label in (("seconds_min", "cold start, quickest"), ("seconds_median", "cold start, median")):
        faster = plain[key] / ours[key]
        rows.append(f"| {label} | {ours[key]:.2f} s | {plain[key]:.2f} s | {faster:.1f} times faster |")
    smaller = plain["peak_mb"] / ours["peak_mb"]
    rows.append(f"| peak memory | {ours['peak_mb']} MB | {plain['peak_mb']} MB | {smaller:.1f} times smaller |")
    warm = results["warm_clips_per_second"]
    speeds = f"{warm['1']:.0f} clips per second in one thread, {warm['2']:.0f} in two"
    largest = f"{results['largest_difference']:.1e}"
    where = f"{results['cores']} cores, torch {results['torch']}, {results['model']}"
    return "\n".join(
        [
            *rows,
            "",
            f"{results['runs']} runs of each, in turn; {where}.",
            f"Warm, `Predictor.predict_many` does {speeds} (`OPENBLAS_NUM_THREADS=1`).",
            f"On {results['clips']} recordings, no probability of the two differs by more than {largest}.",
        ]
    )


if __name__ == "__main__":
    typer.run(main)
