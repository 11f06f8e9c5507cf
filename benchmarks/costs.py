"""Size and speed of every system: parameters, multiply-adds, the file, one clip from file to probability.

    python -m benchmarks.costs

A network's weights do not change what it costs, so that nothing is trained here.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
import typer
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.table import TOP
from ser.dataset.metadata import EMOTIONS
from ser.errors import user_errors
from ser.features.front_end import shapes
from ser.inference.predictor import Predictor
from ser.model_files.description import FORMAT, ModelDescription
from ser.model_files.export import describe, to_onnx
from ser.model_files.safetensors_file import Model, write_model
from ser.models.classifier import Classifier, ensemble
from ser.params import Params
from ser.presets import list_presets, preset_params
from ser.storage import write_json

RESULTS = TOP / "benchmarks" / "results" / "costs.json"
CLIP_SECONDS, CLIP_RATE = 3.7, 48_000
"""As RAVDESS's clips are; hertz."""
RUNS = 60


def main() -> None:
    """Measure every preset, and write benchmarks/results/costs.json."""
    with user_errors():
        torch.set_num_threads(1)
        costs = {preset.name: measure(preset_params(preset)) for preset in list_presets(TOP / "presets")}
        write_json(costs, RESULTS)
        for name, cost in costs.items():
            typer.echo(f"{name}: {cost}")


def measure(params: Params) -> dict[str, Any]:
    """Say what one system costs in use.

    Returns:
        parameters; multiply_adds of one forward pass; file_mb of the ONNX file; milliseconds, the median of one clip
        from its WAV file to the probabilities, in one thread, the front end included.
    """
    torch.manual_seed(0)
    sizes = shapes(params.features)
    members = [Classifier(len(EMOTIONS), sizes, params.train.network) for _ in range(params.train.members)]
    classifier = ensemble(members).eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        classifier({name: torch.zeros(1, *shape) for name, shape in sizes.items()})
    description = ModelDescription(
        format=FORMAT,
        network=params.train.network,
        members=params.train.members,
        classes=EMOTIONS,
        front_end=params.features,
        trained_on=("ravdess",),
        temperature=1.0,
    )
    with tempfile.TemporaryDirectory() as scratch:
        trained, onnx, clip = (Path(scratch) / name for name in ("model.safetensors", "model.onnx", "clip.wav"))
        model = Model(classifier, description)
        write_model(model, trained)
        onnx.write_bytes(to_onnx(model, describe(model, trained, None), params.export.precision))
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, round(CLIP_SECONDS * CLIP_RATE))
        soundfile.write(clip, noise, CLIP_RATE)
        predictor = Predictor.load(onnx)
        predictor.predict(clip)
        seconds = []
        for _ in range(RUNS):
            started = time.perf_counter()
            predictor.predict(clip)
            seconds.append(time.perf_counter() - started)
        size = onnx.stat().st_size
    return {
        "parameters": sum(parameter.numel() for parameter in classifier.parameters()),
        "multiply_adds": counter.get_total_flops() // 2,
        "file_mb": round(size / 1e6, 2),
        "milliseconds": round(1000 * statistics.median(seconds), 1),
    }


if __name__ == "__main__":
    typer.run(main)
