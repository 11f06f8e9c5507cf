"""The pictures in docs/timeline.md: of a timeline, and of `ser listen` as it draws on a terminal.

    python -m benchmarks.measurements.timeline_pictures data/raw/demo

A talk is put together from recordings in a random order, with pauses between them. The terminal is shown as it is in
the talk's last but one recording.
"""

import io
import re
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
import typer
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI

from ser.audio.block_queue import open_file
from ser.audio.decode import decode
from ser.audio.files import find_recordings
from ser.audio.signal import to_mono
from ser.cli.listen_display import render
from ser.inference.live import listen
from ser.inference.predictor import Predictor
from ser.inference.timeline import Timeline, read_timeline
from ser.plots.timeline import draw_timeline

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
CLIPS = 9
PAUSES = (0.3, 2.0)  # seconds
NOISE = 1e-4
WIDTH = 76  # characters


def main(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Recordings.")],
    model: Annotated[Path, typer.Option(exists=True, help="As `dvc repro` writes it.")] = Path("models/model.onnx"),
) -> None:
    """Draw both."""
    predictor = Predictor.load(model)
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        talk = Path(scratch) / "talk.wav"
        _write_talk(find_recordings(folder), talk)
        timeline = read_timeline(predictor, talk)
        (IMAGES / "timeline.png").write_bytes(draw_timeline(timeline, talk.name))
        (IMAGES / "listen.svg").write_text(_terminal(predictor, talk, timeline), encoding="utf-8")


def _write_talk(paths: list[Path], target: Path) -> None:
    rng = np.random.default_rng(0)
    _, sampling_rate = decode(paths[0])
    parts = []
    for i in rng.permutation(len(paths))[:CLIPS]:
        parts += [np.zeros(round(rng.uniform(*PAUSES) * sampling_rate)), to_mono(decode(paths[i])[0])]
    signal = np.concatenate(parts)
    soundfile.write(target, signal + NOISE * rng.normal(size=len(signal)), sampling_rate, subtype="PCM_16")


def _terminal(predictor: Predictor, talk: Path, timeline: Timeline) -> str:
    start, end = timeline.voice[-2]
    with open_file(talk) as source:
        shown = next(one for one in listen(predictor, source) if one.seconds > (start + end) / 2 and one.latency)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(render(shown, talk.name, predictor.classes, WIDTH))
    # Without rich's fonts, which a browser would fetch from elsewhere.
    form = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    svg = console.export_svg(title="ser listen", theme=MONOKAI, unique_id="listen", code_format=form)
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


if __name__ == "__main__":
    typer.run(main)
