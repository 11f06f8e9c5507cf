"""What a system reads, once for all its cells: features of every utterance, and its augmented copies of every one.

python -m benchmarks.features logmel-gap ravdess tess
"""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.table import TOP, read_corpora, system_params
from ser.errors import user_errors
from ser.features.extraction import extract_augmented, extract_features, plan_augmentation
from ser.features.store import COLUMNS, write_features


def main(
    system: Annotated[str, typer.Argument(help="A preset, or a variant of one in benchmarks/table.yaml.")],
    corpora: Annotated[list[str], typer.Argument(help="Corpora that it is trained or tested on.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of the features.")] = TOP
    / "benchmarks/data/features",
) -> None:
    """Run the preset's front end over the corpora. A cell takes the copies of its own train utterances alone."""
    with user_errors():
        params = system_params(system)
        boredom = {"boredom": None} if "emodb" in corpora else {}  # no split has it
        utterances = read_corpora(tuple(corpora), keep_duplicates=True, relabel=boredom)
        copies = plan_augmentation(utterances, params.augment)
        write_features(
            extract_augmented(utterances, params.augment, params.features),
            copies,
            params.features,
            out / system / "augmented",
        )
        write_features(
            extract_features(utterances, params.features),
            utterances[list(COLUMNS)],
            params.features,
            out / system / "features",
        )


if __name__ == "__main__":
    typer.run(main)
