"""The command `ser export`."""

from pathlib import Path
from typing import Annotated

import typer

from ser.errors import user_errors
from ser.params import Precision


def export(
    model: Annotated[Path, typer.Option(help="The model file that `dvc repro` trained.")] = Path(
        "models/model.safetensors"
    ),
    out: Annotated[Path, typer.Option(dir_okay=False, help="The ONNX file.")] = Path("models/model.onnx"),
    scores: Annotated[
        Path | None, typer.Option(help="data/reports/test.json of this model: its scores go into the file.")
    ] = None,
    precision: Annotated[
        Precision, typer.Option(help="Of the weights: int8 is a quarter of the size, for networks such as whisper.")
    ] = "float32",
    weights: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the weights alone, too, for torch.load: model.pth.")
    ] = None,
) -> None:
    """Write a trained model as one ONNX file, which runs without torch and says all about itself.

    `dvc repro` does the same, and compares both files on the test recordings.

    Example: ser export --weights models/model.pth
    """
    with user_errors():
        from ser.model_files.export import describe, read_scores, to_onnx, write_weights  # noqa: PLC0415 (torch takes a second)
        from ser.model_files.safetensors_file import read_model  # noqa: PLC0415
        from ser.storage import replacing  # noqa: PLC0415

        trained = read_model(model)
        description = describe(trained, model, read_scores(scores) if scores else None)
        with replacing(out, ".onnx") as sibling:
            sibling.write_bytes(to_onnx(trained, description, precision))
        typer.echo(f"{out}: {description.network.architecture}, {len(description.classes)} emotions")
        if weights:
            write_weights(trained, weights)
            typer.echo(f"{weights}: weights alone")
