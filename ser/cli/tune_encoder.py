"""The command `ser tune-encoder`."""

from pathlib import Path
from typing import Annotated

import typer

from ser.errors import user_errors


def tune_encoder(
    encoder: Annotated[str, typer.Argument(help="On the Hugging Face hub, or a folder.", show_default=False)],
    out: Annotated[Path, typer.Option(file_okay=False, help="Where it gets a folder of its own.")] = Path(
        "models/encoders"
    ),
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the train utterances, at most.")] = 10,
    learning_rate: Annotated[float, typer.Option(min=1e-7, max=0.1, help="Highest rate of one cycle.")] = 3e-5,
    batch_size: Annotated[int, typer.Option(min=1, help="Recordings per step.")] = 8,
    dropout: Annotated[float, typer.Option(min=0, max=0.99, help="Share dropped before the last layer.")] = 0.1,
    metadata: Annotated[Path, typer.Option(dir_okay=False)] = Path("data/metadata.csv"),
    splits: Annotated[Path, typer.Option(dir_okay=False)] = Path("data/splits.csv"),
) -> None:
    """Fine-tune a pretrained encoder on the train utterances; `dvc repro` then hears through it.

    Run `dvc repro split` before. The epoch is chosen on the validation utterances, and test is not looked at; sampling
    rate, duration, seed, precision and accelerator are those of params.yaml. The folder's name depends on recordings,
    split and settings, so that it stands for them in params.yaml.

    Example: ser tune-encoder microsoft/wavlm-base-plus
    """
    with user_errors():
        from ser.dataset.metadata import read_metadata  # noqa: PLC0415
        from ser.dataset.splits import read_splits  # noqa: PLC0415
        from ser.params import (  # noqa: PLC0415
            NO_PERTURBATION,
            FeatureParams,
            LayerWeightedParams,
            Networks,
            TrainParams,
            load_params,
        )
        from ser.training.encoder_tuning import tune_encoder as tune  # noqa: PLC0415 (torch takes a second)

        utterances = read_metadata(metadata).merge(read_splits(splits), on="utterance_id", validate="one_to_one")
        params = load_params(TrainParams).model_copy(
            update={
                "network": Networks(layer_weighted=LayerWeightedParams(dropout=dropout)),
                "max_epochs": epochs,
                "learning_rate": learning_rate,
                "batch_size": batch_size,
                "schedule": "one_cycle",
                "averaging": 0.0,
                "mixup": 0.0,
                "perturb": NO_PERTURBATION,
                "patience": epochs,
            }
        )
        folder, shape = tune(utterances, load_params(FeatureParams), params, encoder, out, typer.echo)
        typer.echo(f"{folder}: set features.front_ends to {{pretrained: {{encoder: {folder}, shape: {[*shape]}}}}}")
