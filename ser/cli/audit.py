"""The command `ser corpora audit`."""

from pathlib import Path
from typing import Annotated

import typer

from ser.console import spreadsheet_cell, tell
from ser.corpora import CORPORA, find_corpus
from ser.errors import user_errors
from ser.params import PARAMS_FILE, IngestParams, load_params


def audit(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of recordings.")],
    corpus: Annotated[
        str | None,
        typer.Option(
            help="How labels are read: as in this corpus, or by this recipe, NAME.yaml.",
            show_default="the folder's name, if it is a corpus's",
        ),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write all counts as JSON.", show_default="not written")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write every finding as CSV.", show_default="not written")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write a page with plots and players.", show_default="not written"),
    ] = None,
    params: Annotated[Path, typer.Option(dir_okay=False, help="Says how corpus 'custom' is labelled.")] = PARAMS_FILE,
) -> None:
    """Report what is in a folder of recordings: how much of which label, copies, damage, and what is unusual.

    Example: ser corpora audit data/raw/ravdess --html audit.html
    """
    with user_errors():
        # pandas and SciPy take a second that --help need not wait for.
        from ser.audit.folders import audit_corpus, audit_recordings  # noqa: PLC0415
        from ser.audit.text import to_text  # noqa: PLC0415
        from ser.storage import keep_apart, write_json, write_table  # noqa: PLC0415

        recipe = Path(corpus) if corpus and corpus.endswith(".yaml") else None
        name = recipe.stem if recipe else corpus or folder.resolve().name
        recipes = recipe.parent if recipe else None
        known = corpus is not None or name in CORPORA
        custom = load_params(IngestParams, params).custom if name == "custom" else None
        tables = find_corpus(name, recipes).open_reader(folder, custom).tables if known else ()
        keep_apart(tables, [json, csv, html])
        found = audit_corpus(folder, name, custom, recipes=recipes) if known else audit_recordings(folder)
        for note in found.notes:
            tell("note", note)
        typer.echo(to_text(found))
        if not known:
            tell("note", "labels were not read; name the corpus with --corpus")
        if json:
            write_json({"audit": found.to_json()}, json)
        if csv:
            write_table(found.findings.map(spreadsheet_cell), csv)
        if html:
            from ser.audit.page import write_page  # noqa: PLC0415

            write_page(found, html, folder.resolve().name)
