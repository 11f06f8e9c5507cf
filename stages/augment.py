"""Stage `augment`: changed copies of the train utterances, through the same front end."""

from pathlib import Path
from typing import Annotated

import typer

from ser.dataset.metadata import read_metadata
from ser.dataset.splits import read_splits
from ser.errors import user_errors
from ser.features.extraction import extract_augmented, plan_augmentation
from ser.features.store import read_features, write_features
from ser.params import PARAMS_FILE, AugmentParams, load_params

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    metadata: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = Path("data/metadata.csv"),
    splits: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = Path("data/splits.csv"),
    features: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Whose front end is used.")] = Path(
        "data/features"
    ),
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder like that of the features.")] = Path(
        "data/augmented"
    ),
    params: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = PARAMS_FILE,
) -> None:
    """Make noisy, pitch-shifted and time-stretched copies of the train utterances, and of no others."""
    with user_errors():
        settings = load_params(AugmentParams, params)
        subset = read_metadata(metadata).merge(read_splits(splits), on="utterance_id", validate="one_to_one")
        train = subset[subset["subset"] == "train"]
        front_end = read_features(features).front_end
        copies = plan_augmentation(train, settings)
        write_features(extract_augmented(train, settings, front_end), copies, front_end, out)
        typer.echo(f"{out}: {len(copies)} copies of {len(train)} train utterances")


if __name__ == "__main__":
    app()
