"""Stage `scan`: from a corpus's folder to its utterances, and the files that are none."""

from pathlib import Path
from typing import Annotated

import typer

from ser.console import tell
from ser.corpora import find_corpus
from ser.dataset.scanning import scan
from ser.dataset.scans import describe_rejected, write_scan
from ser.errors import InputError, user_errors
from ser.params import PARAMS_FILE, IngestParams, load_params

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    corpus: Annotated[str, typer.Argument(help="Whose naming rules hold; see ingest.corpora in params.yaml.")],
    audio: Annotated[
        Path | None, typer.Option(file_okay=False, help="Its folder.", show_default="data/raw/CORPUS")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of two tables.", show_default="data/scans/CORPUS")
    ] = None,
    params: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = PARAMS_FILE,
) -> None:
    """Decode every recording of a corpus, read its labels, and list what cannot be used."""
    with user_errors():
        settings = load_params(IngestParams, params)
        recipes = Path(settings.recipes)
        find_corpus(corpus, recipes)
        audio, out = audio or Path("data/raw") / corpus, out or Path("data/scans") / corpus
        if not audio.is_dir():
            raise InputError(f"{audio}: no such folder; put the recordings of '{corpus}' there")
        found = scan(audio, corpus, settings.custom, recipes)
        write_scan(found, out)
        for note in found.notes:
            tell("note", note)
        others = f" ({describe_rejected(found.rejected)})" if len(found.rejected) else ""
        typer.echo(f"{out}: {len(found.utterances)} utterances, {len(found.rejected)} other files{others}")


if __name__ == "__main__":
    app()
