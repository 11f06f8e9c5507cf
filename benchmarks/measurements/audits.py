"""Audit the real corpora and put what is found into docs/audit.md.

    python -m benchmarks.measurements.audits ravdess=data/raw/ravdess kaggle=KAGGLE_COPY tess=data/raw/tess

Each argument is a block of the page and the folder that is audited for it.
"""

import time
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.documents import write_block
from ser.audit.folders import audit_corpus
from ser.audit.text import to_text
from ser.errors import user_errors
from ser.storage import read_json, write_json

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "audit.md"
RESULTS = TOP / "benchmarks" / "results" / "audits.json"
CORPORA = {"ravdess": "ravdess", "kaggle": "ravdess", "tess": "tess"}


def main(folders: Annotated[list[str], typer.Argument(help="NAME=FOLDER")]) -> None:
    """Audit, and write the results and the page."""
    with user_errors():
        for name, folder in (pair.split("=", 1) for pair in folders):
            started = time.monotonic()
            audit = audit_corpus(Path(folder), CORPORA[name], None)
            seconds = time.monotonic() - started
            text = to_text(audit).replace(f"{Path(folder).as_posix()}/", "")
            results = read_json(RESULTS) if RESULTS.exists() else {}
            results[name] = {"seconds": round(seconds, 1), "text": text, "audit": audit.to_json()}
            write_json({key: results[key] for key in CORPORA if key in results}, RESULTS)
            write_block(PAGE, name, block(results[name]))


def block(result: dict[str, object]) -> str:
    """Draw one audit as Markdown."""
    return f"```text\n{result['text']}\n```\n\nTook {result['seconds']} s on 2 cores."


if __name__ == "__main__":
    typer.run(main)
