"""One split of the table: who is in train, validation and test.

python -m benchmarks.splits luna5-0 0
"""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.table import TOP, as_kaggle_copy, find_split, read_corpora
from ser.errors import user_errors
from ser.leaks import audit_leaks
from ser.metadata import write_metadata
from ser.splits import assign_splits, write_splits
from ser.storage import write_json


def main(
    name: Annotated[str, typer.Argument(help="A split of benchmarks/table.yaml.")],
    seed: Annotated[int, typer.Argument(help="Of the draw, where one is drawn.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of the splits.")] = TOP / "benchmarks/data/splits",
) -> None:
    """Assign the utterances of the split's corpora, and audit what the subsets share."""
    with user_errors():
        definition = find_split(name)
        leaky = definition.protocol == "kaggle_leaky"
        metadata = read_corpora(definition.corpora, keep_duplicates=leaky)
        if leaky:
            metadata = as_kaggle_copy(metadata)
        splits = assign_splits(metadata, definition.params(seed))
        folder = out / f"{name}-{seed}"
        audit = {"protocol": definition.protocol, "leaks": audit_leaks(metadata, splits)}
        write_json({"split": audit}, folder / "audit.json")
        write_splits(splits, folder / "splits.csv")
        write_metadata(metadata, folder / "metadata.csv")


if __name__ == "__main__":
    typer.run(main)
