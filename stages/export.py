"""Stage `export`: from the trained model to one file that runs without torch."""

from pathlib import Path
from typing import Annotated

import typer

from ser.dataset.metadata import read_metadata
from ser.dataset.splits import read_splits
from ser.errors import user_errors
from ser.evaluation.predictions import predict_test
from ser.features.store import read_features
from ser.inference.agreement import compare
from ser.model_files.export import describe, read_scores, to_onnx
from ser.model_files.onnx_file import OnnxModel
from ser.model_files.safetensors_file import read_model
from ser.params import PARAMS_FILE, ExportParams, load_params
from ser.storage import replacing, write_json

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    model: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = Path("models/model.safetensors"),
    scores: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="They go into the file.")] = Path(
        "data/reports/test.json"
    ),
    metadata: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = Path("data/metadata.csv"),
    features: Annotated[Path, typer.Option(exists=True, file_okay=False)] = Path("data/features"),
    splits: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = Path("data/splits.csv"),
    out: Annotated[Path, typer.Option(dir_okay=False, help="The ONNX file.")] = Path("models/model.onnx"),
    report: Annotated[Path, typer.Option(dir_okay=False, help="How it agrees with the trained model.")] = Path(
        "data/reports/export.json"
    ),
    params: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = PARAMS_FILE,
) -> None:
    """Write the model as ONNX, and compare it, from recording to probability, with what was scored."""
    with user_errors():
        precision = load_params(ExportParams, params).precision
        trained = read_model(model)
        exported = to_onnx(trained, describe(trained, model, read_scores(scores)), precision)
        scored = predict_test(trained, read_features(features), read_splits(splits))
        paths = read_metadata(metadata)[["utterance_id", "path"]]
        recordings = scored.merge(paths, on="utterance_id", validate="one_to_one")
        agreement = compare(OnnxModel(exported, out), recordings)
        agreement.check(precision)
        write_json({"export": agreement.metrics()}, report)
        with replacing(out, ".onnx") as sibling:
            sibling.write_bytes(exported)
        typer.echo(f"{out}: agrees to {agreement.largest_difference:.1e} on {len(recordings)} test recordings")


if __name__ == "__main__":
    app()
