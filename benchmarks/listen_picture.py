"""A picture of `ser listen` for docs/timeline.md, by what draws it on the terminal.

    python -m benchmarks.listen_picture RECORDING --seconds 6
"""

import io
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.terminal_theme import MONOKAI

from ser.listen_display import render
from ser.live import listen, open_file
from ser.predictor import Predictor

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "listen.svg"
WIDTH = 76


def main(
    recording: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    seconds: Annotated[float, typer.Option(help="The moment that is shown.")] = 6.0,
    model: Annotated[Path, typer.Option(exists=True)] = Path("models/model.onnx"),
) -> None:
    """Listen to a recording in real time up to a moment, and write what is shown then."""
    predictor = Predictor.load(model)
    with open_file(recording) as source:
        shown = next(update for update in listen(predictor, source) if update.seconds >= seconds)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(render(shown, recording.name, predictor.classes, WIDTH))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(console.export_svg(title="ser listen", theme=MONOKAI, unique_id="listen"), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
