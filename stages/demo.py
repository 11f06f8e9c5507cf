"""Stage `demo`: a small corpus of synthetic voices, so that everything runs without a download."""

from pathlib import Path
from typing import Annotated

import typer

from ser.corpora.demo.synthesis import synthesise_corpus
from ser.errors import user_errors
from ser.params import PARAMS_FILE, DemoParams, load_params

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder to make.")] = Path("data/raw/demo"),
    params: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Parameters file.")] = PARAMS_FILE,
) -> None:
    """Synthesise the demo corpus, named by RAVDESS's rules."""
    with user_errors():
        settings = load_params(DemoParams, params)
        clips = synthesise_corpus(settings, out)
        typer.echo(f"{out}: {clips} clips, {settings.speakers} speakers")


if __name__ == "__main__":
    app()
