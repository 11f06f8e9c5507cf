"""Stage `evaluate`: from the model and the test subset to scores and plots."""

from pathlib import Path
from typing import Annotated

import typer

from ser.dataset.splits import read_splits
from ser.errors import user_errors
from ser.evaluation.headline import bounds, headline
from ser.evaluation.metrics import score_predictions
from ser.evaluation.predictions import predict_test
from ser.features.store import read_features
from ser.model_files.safetensors_file import read_model
from ser.params import PARAMS_FILE, EvaluateParams, load_params
from ser.plots.evaluation import write_test_plots
from ser.storage import read_json, write_json, write_table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    model: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = Path("models/model.safetensors"),
    features: Annotated[Path, typer.Option(exists=True, file_okay=False)] = Path("data/features"),
    splits: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = Path("data/splits.csv"),
    audit: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="What the split stage found; its leaks are repeated.")
    ] = Path("data/reports/split.json"),
    out: Annotated[Path, typer.Option(dir_okay=False, help="Probabilities of every test utterance.")] = Path(
        "data/predictions.csv"
    ),
    report: Annotated[Path, typer.Option(dir_okay=False, help="All scores.")] = Path("data/reports/test.json"),
    metrics: Annotated[Path, typer.Option(file_okay=False, help="Folder of the scores that are compared.")] = Path(
        "metrics"
    ),
    plots: Annotated[Path, typer.Option(file_okay=False, help="Folder of tables and pictures.")] = Path("plots/test"),
    params: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = PARAMS_FILE,
) -> None:
    """Score the test subset, which nothing before has looked at."""
    with user_errors():
        settings = load_params(EvaluateParams, params)
        trained = read_model(model)
        split = read_json(audit)["split"]
        predictions = predict_test(trained, read_features(features), read_splits(splits))
        scores = score_predictions(predictions, trained.description.classes, settings)
        write_test_plots(predictions, trained.description.classes, settings, plots)
        write_json({"test": scores | {"protocol": split["protocol"], "leaks": split["leaks"]}}, report)
        for name, figures in {"test": headline(scores, split["leaks"]), **bounds(scores)}.items():
            write_json(figures, metrics / f"{name}.json")
        write_table(predictions.round(6), out)
        low, high = scores["interval_95"]["uar"].values()
        typer.echo(f"{report}: UAR {scores['uar']:.3f} [{low:.3f}, {high:.3f}], accuracy {scores['accuracy']:.3f}")


if __name__ == "__main__":
    app()
