"""Stage `ingest`: from a folder of recordings to the metadata table."""

from pathlib import Path
from typing import Annotated

import typer

from ser.errors import user_errors
from ser.ingestion import ingest
from ser.metadata import write_metadata
from ser.params import PARAMS_FILE, IngestParams, load_params
from ser.storage import write_json, write_table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    audio: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Folder of recordings.", show_default="data/raw/CORPUS")
    ],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Table of usable utterances.")] = Path("data/metadata.csv"),
    rejected: Annotated[Path, typer.Option(dir_okay=False, help="Table of files left out, with the reason.")] = Path(
        "data/rejected.csv"
    ),
    metrics: Annotated[Path, typer.Option(dir_okay=False, help="What was found, counted.")] = Path(
        "metrics/ingest.json"
    ),
    params: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = PARAMS_FILE,
) -> None:
    """Decode every recording, read the labels in its name, and list what cannot be used."""
    with user_errors():
        settings = load_params(IngestParams, params)
        ingested = ingest(audio, settings)
        write_table(ingested.rejected, rejected)
        ingested.check(settings, audio)
        write_json({"ingest": ingested.metrics()}, metrics)
        write_metadata(ingested.metadata, out)
        typer.echo(f"{out}: {len(ingested.metadata)} utterances; {rejected}: {len(ingested.rejected)} files left out")


if __name__ == "__main__":
    app()
