"""Stage `ingest`: from scanned corpora to the metadata table."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from ser.audit.report import audit_tables
from ser.dataset.ingestion import ingest
from ser.dataset.metadata import write_metadata
from ser.dataset.scans import read_scan
from ser.errors import user_errors
from ser.params import PARAMS_FILE, IngestParams, load_params
from ser.storage import write_json, write_table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    scans: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of the scanned corpora.")] = Path(
        "data/scans"
    ),
    out: Annotated[Path, typer.Option(dir_okay=False, help="Table of usable utterances.")] = Path("data/metadata.csv"),
    rejected: Annotated[Path, typer.Option(dir_okay=False, help="Table of files left out, with the reason.")] = Path(
        "data/rejected.csv"
    ),
    findings: Annotated[
        Path, typer.Option(dir_okay=False, help="Table of what the audit noticed, as `ser corpora audit` shows it.")
    ] = Path("data/findings.csv"),
    report: Annotated[Path, typer.Option(dir_okay=False, help="What was found, counted.")] = Path(
        "data/reports/ingest.json"
    ),
    params: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = PARAMS_FILE,
) -> None:
    """Bring the corpora's labels to one set, and list copies and whatever else is left out."""
    with user_errors():
        settings = load_params(IngestParams, params)
        scanned_corpora = [read_scan(scans / corpus) for corpus in settings.corpora]
        ingested = ingest(scanned_corpora, settings)
        write_table(ingested.rejected, rejected)
        ingested.check(settings)
        conditions = pd.concat([scanned.conditions for scanned in scanned_corpora], ignore_index=True)
        audit = audit_tables(ingested.metadata, ingested.rejected, conditions)
        write_table(audit.findings, findings)
        write_json({"ingest": ingested.metrics(), "audit": audit.summary()}, report)
        write_metadata(ingested.metadata, out)
        typer.echo(f"{out}: {len(ingested.metadata)} utterances; {rejected}: {len(ingested.rejected)} files left out")


if __name__ == "__main__":
    app()
