"""The command `ser`."""

import os
import re
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ser.cli import corpora, preset
from ser.cli.adapt import adapt
from ser.cli.explain import explain
from ser.cli.export import export
from ser.cli.listen import listen
from ser.cli.predict import predict
from ser.cli.serve import serve
from ser.cli.timeline import timeline
from ser.cli.tune_encoder import tune_encoder
from ser.errors import InputError, user_errors

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


class _Commands(TyperGroup):
    """The commands, none of which takes an empty word or fetches what an address names."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run one; what the system says of the output is one line, be it a help that cannot be written."""
        with user_errors():
            return super().main(*args, **kwargs)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Look at the words before they become paths: an empty one would be the current folder, two slashes one."""
        with user_errors():
            for word in args:
                value = word.partition("=")[2] if re.match("--[a-z-]+=", word) else word
                if not value.strip():
                    raise InputError(
                        f"ser {args[0]}: expected a name or a value, found an empty word; is a variable not set?"
                    )
                if _ADDRESS.match(value):
                    raise InputError(f"{value}: addresses are not fetched; download it, and give the path of the file")
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Speech emotion recognition: which emotion does a voice carry?",
    epilog="Train a model with `dvc repro`; it is written to models/model.safetensors and models/model.onnx.",
)
app.command()(predict)
app.command()(adapt)
app.command()(explain)
app.command()(serve)
app.command()(timeline)
app.command()(listen)
app.command()(export)
app.command()(tune_encoder)
app.add_typer(corpora.app, name="corpora")
app.add_typer(preset.app, name="preset")


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
