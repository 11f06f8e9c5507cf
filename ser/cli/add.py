"""The command `ser corpora add`."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from ser.audio.files import look_through
from ser.corpora import find_corpus
from ser.errors import InputError, user_errors


def add(
    name: Annotated[
        str, typer.Argument(help="The corpus: what `ser corpora list` shows, or custom.", show_default=False)
    ],
    source: Annotated[
        Path | None,
        typer.Argument(exists=True, file_okay=False, help="Where its recordings are.", show_default="data/raw/NAME"),
    ] = None,
) -> None:
    """Put a corpus under DVC, so that experiments that run elsewhere find it, and others can pull it.

    The recordings go to data/raw/NAME and to DVC's cache; a link there is replaced by what it leads to. Run again after
    they have changed.

    Example: ser corpora add emodb /corpora/emodb
    """
    with user_errors():
        find_corpus(name)
        target = Path("data/raw") / name
        linked = target.resolve() if target.is_symlink() else None
        source = source or linked or target
        if not source.is_dir():
            raise InputError(f"{source}: no such folder; name the one that holds the recordings of '{name}'")
        if not look_through(source).recordings:
            raise InputError(f"{source}: no recordings; nothing was added")
        elsewhere = source.resolve() != target.absolute()
        if elsewhere and linked is None and target.exists():
            raise InputError(f"{target}: already there; move it away, or leave the other folder out to add it as it is")
        target.parent.mkdir(parents=True, exist_ok=True)
        if linked:
            target.unlink()
        command = [sys.executable, "-m", "dvc", "add", *(["--out", str(target)] if elsewhere else []), str(source)]
        added = False
        try:
            added = not subprocess.run(command, check=False).returncode  # noqa: S603 (DVC says itself what is wrong)
        finally:
            if elsewhere and not added:  # also when interrupted: half a copy would pass for the corpus
                shutil.rmtree(target, ignore_errors=True)
                if linked:
                    target.symlink_to(linked)
        if not added:
            raise InputError(f"{target}: DVC could not add it; it says why above")
        typer.echo(f"{target}.dvc: commit it, and experiments find {name} wherever they run")
