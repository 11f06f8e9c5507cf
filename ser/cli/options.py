"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

MODELS = (Path("models/model.onnx"), Path("models/model.safetensors"))
"""Where `dvc repro` writes models: the first that is there is taken."""

ModelOption = Annotated[
    Path | None,
    typer.Option(
        help="The model file: ONNX, or safetensors if torch is installed.",
        show_default=f"{MODELS[0]}, or {MODELS[1].name} beside it",
    ),
]

STDIN = "-"


def default_model() -> Path:
    """The first of `MODELS` that is there."""
    return next((path for path in MODELS if path.exists()), MODELS[0])
