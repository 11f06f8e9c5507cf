"""Stage `features`: from recordings to features of fixed size."""

from pathlib import Path
from typing import Annotated

import typer

from ser.dataset.metadata import read_metadata
from ser.errors import user_errors
from ser.features.extraction import extract_features
from ser.features.front_end import shapes
from ser.features.store import COLUMNS, write_features
from ser.params import PARAMS_FILE, FeatureParams, load_params

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    metadata: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = Path("data/metadata.csv"),
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of the array, its rows and its settings.")] = Path(
        "data/features"
    ),
    params: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = PARAMS_FILE,
) -> None:
    """Decode, resample, trim, pad or cut, and analyse every utterance."""
    with user_errors():
        settings = load_params(FeatureParams, params)
        utterances = read_metadata(metadata)
        write_features(extract_features(utterances, settings), utterances[list(COLUMNS)], settings, out)
        sizes = (f"{name} {' x '.join(map(str, shape))}" for name, shape in shapes(settings).items())
        typer.echo(f"{out}: {len(utterances)} utterances: {', '.join(sizes)}")


if __name__ == "__main__":
    app()
