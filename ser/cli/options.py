"""Options that several commands have."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ser.console import tell

if TYPE_CHECKING:
    from ser.inference.choice import ChosenModel

ModelOption = Annotated[
    Path | None,
    typer.Option(
        help="The model file: ONNX, or safetensors if torch is installed.",
        show_default="models/model.onnx, if it heard people; or else the one in the package",
    ),
]

STDIN = "-"


def choose(model: Path | None, encoder: str | None = None) -> "ChosenModel":
    """Load the model that answers, and say which it is if nobody named it.

    Raises:
        InputError: as `ser.inference.choice.choose_model`.
    """
    from ser.inference.choice import choose_model  # noqa: PLC0415 (NumPy, which --help need not wait for)

    chosen = choose_model(model, encoder)
    if said := chosen.said():
        tell("note", f"the model is {said}")
    return chosen
