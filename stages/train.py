"""Stage `train`: from features to a model file."""

from pathlib import Path
from typing import Annotated

import typer

from ser.dataset.splits import read_splits
from ser.errors import user_errors
from ser.features.store import read_features
from ser.model_files.safetensors_file import write_model
from ser.params import PARAMS_FILE, TrainParams, load_params
from ser.plots.training import draw_curves
from ser.storage import write_json, write_table
from ser.training.fit import train_model

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    features: Annotated[Path, typer.Option(exists=True, file_okay=False)] = Path("data/features"),
    augmented: Annotated[Path, typer.Option(exists=True, file_okay=False)] = Path("data/augmented"),
    splits: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = Path("data/splits.csv"),
    out: Annotated[Path, typer.Option(dir_okay=False, help="The model file.")] = Path("models/model.safetensors"),
    report: Annotated[Path, typer.Option(dir_okay=False, help="All that is said of the training.")] = Path(
        "data/reports/train.json"
    ),
    metrics: Annotated[Path, typer.Option(dir_okay=False, help="What is compared of it.")] = Path("metrics/train.json"),
    plots: Annotated[Path, typer.Option(file_okay=False, help="Folder of the curves.")] = Path("plots/train"),
    scratch: Annotated[Path, typer.Option(file_okay=False, help="Folder of checkpoints while training runs.")] = Path(
        "models/.checkpoints"
    ),
    params: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = PARAMS_FILE,
) -> None:
    """Fit a network on the train utterances and keep the epoch with the best validation macro F1, or the last.

    Interrupted, it goes on from its last whole epoch when run again.
    """
    with user_errors():
        settings = load_params(TrainParams, params)
        model, fitted = train_model(
            read_features(features), read_features(augmented), read_splits(splits), settings, scratch, typer.echo
        )
        write_table(fitted.history, plots / "curves.csv")
        draw_curves(fitted.history, fitted.best_epoch, plots / "curves.png")
        told = fitted.metrics()
        write_json({"train": told}, report)
        compared = {"val_f1": round(told["validation"]["macro_f1"], 3), "seconds": round(fitted.seconds, 1)}
        write_json(compared, metrics)
        write_model(model, out)
        typer.echo(f"{out}: epoch {fitted.best_epoch} of {len(fitted.history) // 2} kept")


if __name__ == "__main__":
    app()
