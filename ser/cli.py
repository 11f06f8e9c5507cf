"""The command `ser`."""

import os
from typing import Annotated

import typer

from ser import corpora_cli, preset_cli
from ser.explain_cli import explain
from ser.export_cli import export
from ser.listen_cli import listen
from ser.predict_cli import predict
from ser.serve_cli import serve
from ser.timeline_cli import timeline
from ser.tune_encoder_cli import tune_encoder

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Speech emotion recognition: which emotion does a voice carry?",
    epilog="Train a model with `dvc repro`; it is written to models/model.safetensors and models/model.onnx.",
)
app.command()(predict)
app.command()(explain)
app.command()(serve)
app.command()(timeline)
app.command()(listen)
app.command()(export)
app.command()(tune_encoder)
app.add_typer(corpora_cli.app, name="corpora")
app.add_typer(preset_cli.app, name="preset")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 (slow to import)

        typer.echo(f"ser {version('speech-emotion')}")
        raise typer.Exit


@app.callback()
def main(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that stand before a command's name."""
    # Before NumPy is loaded: recordings are spread over the cores, and the sums of one need not be, too.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
