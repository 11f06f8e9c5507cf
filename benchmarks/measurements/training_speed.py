"""What bfloat16 and channels-last are worth in training, beside the plain way; the table goes into docs/results.md.

    python -m benchmarks.measurements.training_speed

One thread, one step of the preset's batch on random features. The four ways take turns, so that whatever else the
machine does strikes all alike; the quickest step of each counts.
"""

import time
from collections.abc import Callable

import torch
import typer
from torch import nn

from benchmarks.documents import write_block
from benchmarks.table import TOP
from ser.dataset.metadata import EMOTIONS
from ser.errors import user_errors
from ser.features.front_end import shapes
from ser.models.classifier import Classifier
from ser.params import Params
from ser.presets import list_presets, preset_params
from ser.storage import write_json

RESULTS = TOP / "benchmarks" / "results" / "training_speed.json"
PAGE = TOP / "docs" / "results.md"
ROUNDS = 6
WAYS = {"plain": (False, False), "channels-last": (False, True), "bfloat16": (True, False), "both": (True, True)}
"""Whether in bfloat16, and whether channels-last."""


def main() -> None:
    """Measure every preset, and write the results and the page."""
    with user_errors():
        torch.set_num_threads(1)
        presets = list_presets(TOP / "presets")
        results = {preset.name: measure(preset_params(preset)) for preset in presets}
        write_json(results, RESULTS)
        write_block(PAGE, "speed", block(results))
        typer.echo(block(results))


def measure(params: Params) -> dict[str, float]:
    """Time a training step each way, in milliseconds."""
    steps = {way: _step(params, *settings) for way, settings in WAYS.items()}
    for step in steps.values():
        step()
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way, step in steps.items():
            started = time.perf_counter()
            step()
            taken[way].append(time.perf_counter() - started)
    return {way: round(1000 * min(seconds), 1) for way, seconds in taken.items()}


def _step(params: Params, bfloat16: bool, channels_last: bool) -> Callable[[], None]:
    torch.manual_seed(0)
    sizes = shapes(params.features)
    train = params.train
    network = Classifier(len(EMOTIONS), sizes, train.network)
    if channels_last:
        network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=train.learning_rate)
    features = {name: torch.randn(train.batch_size, *shape) for name, shape in sizes.items()}
    classes = torch.arange(train.batch_size) % len(EMOTIONS)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            logits = network(features).reshape(-1, *classes.shape, len(EMOTIONS))  # of one view, or of several
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), classes.repeat(len(logits)))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def block(results: dict[str, dict[str, float]]) -> str:
    """Markdown: milliseconds the plain way, and how many times quicker the others are."""
    lines = [f"| system | plain | {' | '.join(list(WAYS)[1:])} |", "|---|---|" + "---|" * (len(WAYS) - 1)]
    for system, taken in results.items():
        ratios = [f"{taken['plain'] / milliseconds:.2f} x" for way, milliseconds in taken.items() if way != "plain"]
        lines.append(f"| `{system}` | {taken['plain']:.0f} ms | {' | '.join(ratios)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
