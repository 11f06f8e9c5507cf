"""Puts the model that `dvc repro` has just trained into the package, with what it was made of.

    ser preset apply release && dvc repro && python -m release.publish

`make release` does all three. It needs the recordings of the preset's corpora in data/raw, and openai/whisper-tiny
from the Hugging Face hub, or from its cache.
"""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import typer

from benchmarks.table import TOP
from release.card import CARD, card
from ser.errors import InputError, user_errors
from ser.inference.choice import IN_THE_BOX
from ser.model_files.onnx_file import OnnxModel
from ser.params import read_text
from ser.presets import find_preset, overlay
from ser.storage import read_json, replacing, write_json

RECORD = TOP / "release"
"""Where it is kept what the model was made of."""

MAX_BYTES = 10_000_000
"""Of the model: who installs the package downloads it, too."""

MODEL = Path("models/model.onnx")
STAGES = ("ingest", "split", "train", "test", "export")


def publish(project: Path = TOP) -> None:
    """Copy a project's exported model into the package, and what it was made of and how it did into `RECORD`.

    Raises:
        InputError: params.yaml is not the preset's, the model is not that of dvc.lock, or it is too large.
    """
    path = project / "params.yaml"
    _, changes = overlay(find_preset("release", TOP / "presets"), read_text(path), path)
    if changes:
        raise InputError(f"{path}: {changes[0].key} is not that of preset release: `ser preset apply release`")
    data = (project / MODEL).read_bytes()
    if len(data) > MAX_BYTES:
        raise InputError(f"{MODEL}: expected at most {MAX_BYTES:,} bytes, found {len(data):,}")
    lock = (project / "dvc.lock").read_text(encoding="utf-8")
    if hashlib.md5(data, usedforsecurity=False).hexdigest() not in lock:
        raise InputError(f"{MODEL}: it is not the one of dvc.lock: `dvc repro`")
    OnnxModel(data, MODEL)
    with replacing(IN_THE_BOX, ".onnx") as sibling:
        sibling.write_bytes(data)
    for name in ("params.yaml", "dvc.lock", "data/splits.csv"):
        shutil.copyfile(project / name, RECORD / Path(name).name)
    metrics: dict[str, Any] = {}
    for stage in STAGES:
        metrics |= read_json(project / "data" / "reports" / f"{stage}.json")
    write_json(metrics, RECORD / "metrics.json")
    with replacing(CARD, ".md") as sibling:
        sibling.write_text(card(data, metrics), encoding="utf-8")


if __name__ == "__main__":
    with user_errors():
        publish()
        typer.echo(f"{IN_THE_BOX.relative_to(TOP)}: {IN_THE_BOX.stat().st_size / 1e6:.1f} MB")
