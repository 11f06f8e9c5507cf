"""The command `ser listen`."""

import sys
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ser.cli.options import ModelOption, choose
from ser.errors import user_errors

if TYPE_CHECKING:
    from ser.inference.live import Update


def listen(
    device: Annotated[
        str | None,
        typer.Option(help="The microphone: its number, or a part of its name.", show_default="the system's"),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A recording that is played instead, silently, as if it were being spoken.")
    ] = None,
    model: ModelOption = None,
) -> None:
    """Show which emotion a voice carries while it speaks.

    On a terminal there is a bar for every emotion; elsewhere, stdout gets one JSON object per line and update. Ctrl-C
    ends it. Latency is the time from the end of the sound to the probabilities that were read from it.

    Exit code: 0, or 1 if there is no microphone, or the recording or the model cannot be used.

    Example: ser listen
    """
    if device and file:
        raise typer.BadParameter("expected at most one of --device and --file")
    with user_errors():
        from ser.audio import block_queue  # noqa: PLC0415 (NumPy, which --help need not wait for)
        from ser.audio.microphone import open_microphone  # noqa: PLC0415
        from ser.inference import live  # noqa: PLC0415 (NumPy, which --help need not wait for)

        predictor = choose(model).predictor
        with block_queue.open_file(file) if file else open_microphone(device) as source:
            last, latencies = None, array("f")
            with suppress(KeyboardInterrupt):
                for last in _shown(live.listen(predictor, source), source.name, predictor.classes):
                    if last.latency is not None:
                        latencies.append(1000 * last.latency)
        if last:
            typer.echo(_summary(last, latencies), err=True)


def _summary(last: "Update", latencies: "array[float]") -> str:
    said = f"{last.seconds:.1f} s heard, {last.phrases} phrase{'s' * (last.phrases != 1)}"
    if latencies:
        ordered = sorted(latencies)
        said += f", latency {ordered[len(ordered) // 2]:.0f} ms (median), {ordered[-1]:.0f} ms (longest)"
    return f"{said}, {last.dropped} blocks dropped"


def _shown(updates: Iterator["Update"], source: str, classes: Sequence[str]) -> Iterator["Update"]:
    """Show every update, and pass it on."""
    from ser.cli.listen_display import json_line, render  # noqa: PLC0415 (rich)

    if not sys.stdout.isatty():
        for update in updates:
            typer.echo(json_line(update, classes))
            yield update
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    console = Console()
    with Live(console=console, auto_refresh=False) as display:
        for update in updates:
            display.update(render(update, source, classes, console.width), refresh=True)
            yield update
