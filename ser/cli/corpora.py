"""The commands `ser corpora list` and `ser corpora fetch`, and the place of the others."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ser.audio.files import Contents, describe_passed_over, look_through
from ser.cli.add import add
from ser.cli.audit import audit
from ser.cli.check import check
from ser.console import tell
from ser.corpora import CORPORA, find_corpus
from ser.corpora.card import CorpusCard
from ser.errors import InputError, user_errors

COLUMNS = ("language", "name", "installed", "clips", "hours", "speech", "licence", "where")
NUMBERS = range(2, 5)
"""Columns that hold numbers, which stand to the right."""

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="Corpora: which there are, and fetching one."
)

app.command()(add)
app.command()(audit)
app.command()(check)

Folder = Annotated[Path, typer.Option(file_okay=False, help="Holds one folder per corpus.")]


@app.command("list")
def list_corpora(folder: Folder = Path("data/raw")) -> None:
    """Show the corpora by language and licence: how many recordings are here, what each is, where it is published.

    Example: ser corpora list
    """
    with user_errors():
        here = {name: look_through(folder / name) for name in CORPORA if (folder / name).is_dir()}
        rows = [
            COLUMNS,
            *(
                _row(card, here.get(card.name, Contents()))
                for card in sorted(CORPORA.values(), key=lambda card: (card.language or "~", card.licence))
            ),
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [
                cell.rjust(width) if number in NUMBERS else cell.ljust(width)
                for number, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            typer.echo("  ".join(cells).rstrip())
        _tell_passed_over(*here.values())


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help=f"The corpus: {', '.join(CORPORA)}.", show_default=False)],
    folder: Folder = Path("data/raw"),
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Accept the licence without being asked, for scripts.")
    ] = False,
) -> None:
    """Download a corpus into its folder, or say how to get it where a form or an account is needed.

    A transfer that was cut goes on where it ended when the command is run again.

    Example: ser corpora fetch ravdess
    """
    with user_errors():
        card = find_corpus(name)
        from ser.corpora import download  # noqa: PLC0415 (requests takes a while that --help need not wait for)

        target = folder / name
        if download.is_filled(target) and (here := look_through(target)).recordings:
            typer.echo(f"{target}: already there, {len(here.recordings):,} recordings; nothing to do")
            _tell_passed_over(here)
            return
        if not card.get.url:
            for number, step in enumerate(card.get.how_to, start=1):
                typer.echo(f"{number}. {step}")
            raise InputError(f"{name} is not fetched by a command; the steps are above")
        _agree(card, accept_licence)
        n_unpacked = download.fetch(card.get, target)
        typer.echo(f"{target}: {n_unpacked:,} recordings")
        typer.echo(f"next: set ingest.corpora to [{name}] in params.yaml, then run `dvc repro`")


def _agree(card: CorpusCard, accepted: bool) -> None:
    """Print the licence, and ask for consent unless it is given."""
    typer.echo(f"{card.title}: {card.get.file}, {card.get.n_bytes / 1e6:,.0f} MB")
    typer.echo(f"Cite: {card.source}")
    typer.echo(f"Licence: {card.licence}, {card.licence_url}")
    if accepted:
        return
    if not _is_terminal():
        raise InputError("nobody to ask whether the licence is accepted; add --accept-licence if it is")
    if not typer.confirm("Do you accept the licence?"):
        raise InputError("the licence was not accepted; nothing was downloaded")


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _tell_passed_over(*folders: Contents) -> None:
    for note in describe_passed_over(folders):
        tell("note", note)


def _row(card: CorpusCard, here: Contents) -> tuple[str, ...]:
    n_here = len(here.recordings)
    return (
        card.language or "-",
        card.name,
        f"{n_here:,}" if n_here else "-",
        f"{card.clips:,} {card.clips_are}".rstrip() if card.clips else "-",
        f"{card.hours:.1f}" if card.hours else "-",
        "no emotions" if card.refused else {True: "acted", False: "natural", None: "-"}[card.acted],
        card.licence,
        card.url or "-",
    )
