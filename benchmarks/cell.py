"""One cell of the table: a system trained and tested on one split, with one seed.

    python -m benchmarks.cell mfcc-3conv luna5-0 0

Interrupted, it goes on from its last whole epoch when run again.
"""

from pathlib import Path
from typing import Annotated, get_args

import torch
import typer

from benchmarks.cells import ADAPTED, DATA, FEATURES, read_split, read_stores, write_cell
from benchmarks.table import find_system
from ser.errors import user_errors
from ser.evaluation.predictions import Source, predict_test
from ser.model_files.safetensors_file import write_model
from ser.models.source import source_norms
from ser.params import Accelerator, EvaluateParams, load_params
from ser.training.fit import train_model


def main(
    system: Annotated[str, typer.Argument(help="A preset, or a variant of one in benchmarks/table.yaml.")],
    split: Annotated[str, typer.Argument(help="A split of benchmarks/table.yaml.")],
    seed: Annotated[int, typer.Argument(help="Of the training, and of the split where it is drawn.")],
    accelerator: Annotated[
        Accelerator | None, typer.Option(help="Where it is trained, if not where its preset says; its minutes say so.")
    ] = None,
    keep: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the model to this file, too.")] = None,
) -> None:
    """Train on train, choose the epoch on validation, and score test; adapted, too, if it can be."""
    with user_errors():
        # One core: its minutes mean the same everywhere, and as many cells as there are cores can run side by side.
        torch.set_num_threads(1)
        preset, settings = find_system(system)
        params = settings.model_copy(update={"seed": seed, "accelerator": accelerator or settings.accelerator})
        utterances = read_split(split, seed)
        features, augmented = read_stores(FEATURES / preset, utterances)
        splits = utterances[["utterance_id", "subset"]]
        scratch = DATA / f".fit-{system}-{split}-{seed}"
        model, fitted = train_model(features, augmented, splits, params, scratch, typer.echo)
        if keep:
            write_model(model, keep)
        training = fitted.metrics()
        costs = {
            "minutes": round(fitted.seconds / 60, 2),
            "on_cpu": params.accelerator == "cpu",
            "weights": training["weights"],
            "epochs": training["epochs"],
            "best_epoch": training["best_epoch"],
            "temperature": training["temperature"],
            "train_macro_f1": training["macro_f1"],
            "validation_macro_f1": training["validation"]["macro_f1"],
        }
        evaluate = load_params(EvaluateParams)
        own = model.description.classes, costs, evaluate, system, split, seed
        write_cell(predict_test(model, features, splits), *own)
        if source_norms(model.classifier):
            for source in get_args(Source):
                write_cell(predict_test(model, features, splits, source), *own, cells=ADAPTED / source)


if __name__ == "__main__":
    typer.run(main)
