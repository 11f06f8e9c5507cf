"""The command `ser timeline`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ser.cli.options import STDIN, ModelOption, choose
from ser.console import printable, tell
from ser.errors import InputError, user_errors

if TYPE_CHECKING:
    from ser.inference.timeline import Progress, Timeline

PICTURES = (".pdf", ".png", ".svg")


def timeline(
    recording: Annotated[
        str,
        typer.Argument(
            help="A recording (WAV, FLAC, Ogg, MP3; M4A, MP4 and WebM if ffmpeg is installed), or - for stdin.",
            show_default=False,
        ),
    ],
    model: ModelOption = None,
    hop: Annotated[
        float | None, typer.Option(help="Seconds from window to window.", show_default="a third of the window")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a CSV table, a row per window.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object with segments and windows.")] = False,
    as_rttm: Annotated[bool, typer.Option("--rttm", help="Print RTTM, a line per segment.")] = False,
    picture: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Draw waveform, spectrogram and probabilities: PNG, SVG or PDF."),
    ] = None,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="Call the emotion 'unsure' where its probability is lower.")
    ] = 0.0,
    jobs: Annotated[int | None, typer.Option(min=1, help="Threads.", show_default="as many as cores")] = None,
) -> None:
    """Say which emotions a long recording carries, and when.

    The model hears windows that overlap, as long as it was trained on; those with too little voice are left out.

    Exit code: 0, or 1 if the recording or the model could not be used, 2 if the command was called wrongly.

    Example: ser timeline talk.wav --picture talk.png
    """
    if as_csv + as_json + as_rttm > 1:
        raise typer.BadParameter("expected at most one of --csv, --json and --rttm")
    if picture and picture.suffix.lower() not in PICTURES:
        raise typer.BadParameter(f"--picture: expected a name that ends in {', '.join(PICTURES)}, got {picture}")
    with user_errors():
        from ser.cli import timeline_reports  # noqa: PLC0415 (NumPy, which --help need not wait for)
        from ser.inference.timeline import read_timeline  # noqa: PLC0415

        if picture:
            _check_picture(picture)  # now, and not after an hour was read
        predictor = choose(model).predictor
        with _progress() as progress:
            source = sys.stdin.buffer if recording == STDIN else recording
            found = read_timeline(predictor, source, hop=hop, jobs=jobs, progress=progress)
        for note in found.notes:
            tell("note", note)
        if as_csv:
            text = timeline_reports.as_csv(found, min_confidence)
        else:
            write = (
                timeline_reports.as_json
                if as_json
                else timeline_reports.as_rttm
                if as_rttm
                else timeline_reports.as_text
            )
            text = write(recording, found, min_confidence)
        typer.echo(text, nl=False)
        if picture:
            _draw(found, recording, picture)


def _check_picture(picture: Path) -> None:
    if not picture.parent.is_dir():
        raise InputError(f"{picture}: no such folder")
    import matplotlib  # noqa: F401, PLC0415 (better missed now than when all has been read)


def _draw(found: "Timeline", recording: str, picture: Path) -> None:
    from ser.plots.timeline import draw_timeline  # noqa: PLC0415 (matplotlib)
    from ser.storage import replacing  # noqa: PLC0415

    content = draw_timeline(found, printable(Path(recording).name), picture.suffix[1:].lower())
    try:
        with replacing(picture) as sibling:
            sibling.write_bytes(content)
    except OSError as error:
        raise InputError(f"{picture}: cannot be written: {error.strerror}") from None


@contextmanager
def _progress() -> Iterator["Progress | None"]:
    """A bar on stderr, if that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm  # noqa: PLC0415 (not waited for where nobody looks)

    form = "{percentage:3.0f}%|{bar}| {n:.0f}/{total_fmt} s [{elapsed}<{remaining}]"
    with tqdm(unit="s", leave=False, bar_format=form) as bar:

        def progress(done: float, total: float | None) -> None:
            bar.total = total and round(total)
            bar.update(done - bar.n)

        yield progress
