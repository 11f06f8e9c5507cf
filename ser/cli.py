"""The command `ser`."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ser import corpora_cli, preset_cli
from ser.errors import InputError, user_errors
from ser.recordings import SUFFIXES, find_recordings

if TYPE_CHECKING:
    from ser.predictor import Prediction

BAR_WIDTH = 30

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Speech emotion recognition: which emotion does a voice carry?",
    epilog="Train a model with `dvc repro`; it is written to models/model.safetensors.",
)
app.add_typer(corpora_cli.app, name="corpora")
app.add_typer(preset_cli.app, name="preset")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ser {version('speech-emotion')}")
        raise typer.Exit


@app.callback()
def main(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that stand before a command's name."""


@app.command()
def predict(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Recordings (WAV, FLAC, Ogg, MP3), or folders that are searched for them.", show_default=False
        ),
    ],
    model: Annotated[Path, typer.Option(help="The model file; `dvc repro` makes one.")] = Path(
        "models/model.safetensors"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array, one object per recording.")] = False,
) -> None:
    """Say which emotion recordings carry, with the probability of every emotion.

    The model hears the beginning of a recording, after leading silence: as many seconds as it was trained on.
    A recording that cannot be used is named on stderr and the others are still predicted; the exit code is then 1.

    Example: ser predict call.wav interviews/ --json
    """
    with user_errors():
        from ser.predictor import Predictor  # noqa: PLC0415 (torch takes a second that --help need not wait for)

        predictor = Predictor.load(model)
        results = []
        n_failed = 0
        for path in _recordings(paths):
            try:
                prediction = predictor.predict(path)
            except InputError as error:
                typer.echo(f"error: {error}", err=True)
                n_failed += 1
                continue
            if prediction.seconds > predictor.heard_seconds:
                typer.echo(
                    f"note: {path}: {prediction.seconds:.1f} s of voice, of which the model hears the first"
                    f" {predictor.heard_seconds:g} s",
                    err=True,
                )
            if as_json:
                results.append(
                    {"path": str(path), "emotion": prediction.emotion, "probabilities": prediction.probabilities}
                )
            else:
                typer.echo(_text(path, prediction))
        if as_json:
            typer.echo(json.dumps(results, indent=2))
        if n_failed:
            raise typer.Exit(1)


def _recordings(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = find_recordings(path)
        if not found:
            raise InputError(f"{path}: no recording in this folder ({', '.join(SUFFIXES)})")
        yield from found


def _text(path: Path, prediction: "Prediction") -> str:
    lines = [f"{path}: {prediction.emotion}"]
    lines += [
        f"  {emotion:<10} {probability:6.1%} {'█' * round(BAR_WIDTH * probability)}".rstrip()
        for emotion, probability in prediction.probabilities.items()
    ]
    return "\n".join(lines)
