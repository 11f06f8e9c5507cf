"""One split of the table: who is in train, validation and test.

python -m benchmarks.splits luna5-0 0
"""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.table import AUDITS, TOP, as_kaggle_copy, find_split, read_corpora
from ser.dataset.leaks import audit_leaks
from ser.dataset.splits import assign_splits
from ser.errors import user_errors
from ser.features.store import COLUMNS
from ser.storage import write_json, write_table


def main(
    name: Annotated[str, typer.Argument(help="A split of benchmarks/table.yaml.")],
    seed: Annotated[int, typer.Argument(help="Of the draw, where one is drawn.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of the splits.")] = TOP / "benchmarks/data/splits",
    audits: Annotated[Path, typer.Option(file_okay=False, help="Folder of the audits.")] = AUDITS,
) -> None:
    """Assign the utterances of the split's corpora, and audit what the subsets share."""
    with user_errors():
        definition = find_split(name)
        leaky = definition.protocol == "kaggle_leaky"
        metadata = read_corpora(definition.corpora, keep_duplicates=leaky, relabel=definition.relabel)
        if leaky:
            metadata = as_kaggle_copy(metadata)
        splits = assign_splits(metadata, definition.params(seed))
        audit = {"protocol": definition.protocol, "leaks": audit_leaks(metadata, splits)}
        write_json(audit, audits / f"{name}-{seed}.json")
        # Only what a cell needs: it is not redone when the audit's fingerprints change.
        utterances = metadata[list(COLUMNS)].merge(splits, validate="one_to_one")
        write_table(utterances, out / f"{name}-{seed}.csv")


if __name__ == "__main__":
    typer.run(main)
