"""Stage `split`: from the metadata table to train, validation and test."""

from pathlib import Path
from typing import Annotated

import typer

from ser.dataset.leaks import audit_leaks, describe_leaks
from ser.dataset.metadata import SUBSETS, read_metadata
from ser.dataset.splits import assign_splits, write_splits
from ser.errors import user_errors
from ser.params import PARAMS_FILE, SplitParams, load_params
from ser.storage import write_json

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    metadata: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = Path("data/metadata.csv"),
    out: Annotated[Path, typer.Option(dir_okay=False, help="Which utterance is in which subset.")] = Path(
        "data/splits.csv"
    ),
    report: Annotated[Path, typer.Option(dir_okay=False, help="Sizes of the subsets, and the leak audit.")] = Path(
        "data/reports/split.json"
    ),
    params: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = PARAMS_FILE,
) -> None:
    """Assign each utterance to train, validation or test, and audit what the subsets share."""
    with user_errors():
        settings = load_params(SplitParams, params)
        utterances = read_metadata(metadata)
        splits = assign_splits(utterances, settings)
        leaks = audit_leaks(utterances, splits)
        sizes = {subset: int((splits["subset"] == subset).sum()) for subset in SUBSETS}
        write_json({"split": {"protocol": settings.protocol, "utterances": sizes, "leaks": leaks}}, report)
        write_splits(splits, out)
        typer.echo(f"{out}: " + ", ".join(f"{name} {n}" for name, n in sizes.items()) + f"; {describe_leaks(leaks)}")


if __name__ == "__main__":
    app()
