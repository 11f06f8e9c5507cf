"""What `ser listen` shows: a bar for every emotion on a terminal, or a line of JSON for every update."""

import json
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ser.console import printable
from ser.inference.live import Update
from ser.inference.timeline import clock
from ser.plots.colours import colour

QUIETEST_DB, LOUDEST_DB = -60.0, 0.0
"""Ends of the level meter, dB re full scale."""

METER_WIDTH = 20

_EIGHTHS = " ▏▎▍▌▋▊▉"


def render(update: Update, source: str, classes: Sequence[str], width: int) -> RenderableType:
    """Lay an update out.

    Args:
        update: what was heard.
        source: what is listened to.
        classes: the emotions, in the order of the update's probabilities.
        width: of the terminal, in characters.
    """
    names = max(map(len, classes))
    bars = Table.grid(padding=(0, 1))
    for i, name in enumerate(classes):
        share = 0.0 if update.probabilities is None else float(update.probabilities[i])
        first = update.probabilities is not None and i == int(update.probabilities.argmax())
        style = "bold" if first and update.speaking else "" if update.speaking else "dim"
        bars.add_row(
            Text(f" {name:<{names}}", style),
            Text(f"{share:4.0%}", style),
            Text(bar(share, max(10, min(60, width - names - 9))), f"{style} {colour(name, classes)}"),
        )
    head = Text.assemble((f" {printable(source)}", "bold"), f"  {clock(update.seconds)}", ("  Ctrl-C ends", "dim"))
    return Group(head, Text(), bars, Text(), _state(update))


def bar(share: float, width: int) -> str:
    """Draw a share of a width, to an eighth of a character.

    >>> bar(0.5, 5), bar(1, 2), bar(0, 3)
    ('██▌', '██', '')
    """
    whole, eighths = divmod(round(share * width * 8), 8)
    return ("█" * whole + _EIGHTHS[eighths]).rstrip()


def _state(update: Update) -> Text:
    level = min(max((update.level - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB), 0), 1)
    return Text.assemble(
        (" voice  " if update.speaking else " silence", "bold" if update.speaking else "dim"),
        f" [{bar(level, METER_WIDTH):<{METER_WIDTH}}] {max(update.level, -99):4.0f} dBFS",
        f"   latency {'   -' if update.latency is None else f'{1000 * update.latency:4.0f}'} ms",
        (f"   {update.dropped} blocks dropped" if update.dropped else "", "bold"),
    )


def json_line(update: Update, classes: Sequence[str]) -> str:
    """Write an update as one line of JSON; what is not there yet is null."""
    probabilities = update.probabilities
    best = None if probabilities is None else int(probabilities.argmax())
    return json.dumps(
        {
            "seconds": round(update.seconds, 3),
            "voice": update.speaking,
            "level_db": round(update.level, 1),
            "latency_ms": None if update.latency is None else round(1000 * update.latency, 1),
            "dropped": update.dropped,
            "emotion": None if best is None else classes[best],
            "confidence": None if best is None or probabilities is None else float(probabilities[best]),
            "probabilities": None if probabilities is None else dict(zip(classes, probabilities.tolist(), strict=True)),
        }
    )
