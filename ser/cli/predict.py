"""The command `ser predict`."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from glob import escape, glob
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ser.audio.files import Contents, describe_passed_over, look_through
from ser.audio.suffixes import FFMPEG_SUFFIXES, SUFFIXES
from ser.cli.options import STDIN, ModelOption, choose
from ser.console import tell
from ser.errors import InputError, user_errors
from ser.parallel import thread_map
from ser.walking import is_special, walk_folders

if TYPE_CHECKING:
    from ser.cli.reports import Report
    from ser.inference.predictor import Prediction, Predictor


_ENDINGS = ", ".join(SUFFIXES + FFMPEG_SUFFIXES)

Outcome = tuple[str, "Prediction | InputError"]


def predict(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Recordings (WAV, FLAC, Ogg, MP3, AIFF and others; M4A, MP4, WebM and others if ffmpeg is installed),"
            " folders that are searched for them, patterns such as 'calls/**/*.wav', or - for standard input.",
            show_default=False,
        ),
    ],
    model: ModelOption = None,
    encoder: Annotated[
        str | None, typer.Option(help="The pretrained encoder of a model that was trained on one.", show_default="none")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array, one object per recording.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object per line, as they come.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a CSV table, with a column per emotion.")] = False,
    top: Annotated[int | None, typer.Option(min=1, help="Print only so many emotions, the most probable.")] = None,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="Call the emotion 'unsure' where its probability is lower.")
    ] = 0.0,
    jobs: Annotated[int | None, typer.Option(min=1, help="Threads.", show_default="as many as cores")] = None,
) -> None:
    """Say which emotion recordings carry, with the probability of every emotion.

    A long recording is heard in windows, and its probabilities are their mean, weighted by how much voice each holds.
    A recording that cannot be used is named on stderr and the others are still predicted.

    Exit code: 0 if every recording was predicted, 1 if one of them or the model could not be used, 2 if the command was
    called wrongly.

    Example: ser predict call.wav interviews/ --json
    """
    if as_json + as_jsonl + as_csv > 1:
        raise typer.BadParameter("expected at most one of --json, --jsonl and --csv")
    with user_errors():
        from ser.cli.reports import report  # noqa: PLC0415

        chosen = choose(model, encoder)
        recordings, missing, folders = _find(paths)
        for error in missing:
            tell("error", error)
        for note in describe_passed_over(folders):
            tell("note", note)
        out = report(
            "json" if as_json else "jsonl" if as_jsonl else "csv" if as_csv else "text",
            recordings,
            chosen,
            top,
            min_confidence,
        )
        if _predict_all(chosen.predictor, recordings, jobs, out) or missing:
            raise typer.Exit(1)


def _find(paths: list[str]) -> tuple[list[str], list[str], list[Contents]]:
    """The recordings that are meant, what is wrong where none is, and what is in the folders."""
    found: list[str] = []
    missing: list[str] = []
    folders: list[Contents] = []
    for path in paths:
        try:
            if Path(path).is_dir():
                folders.append(look_through(Path(path)))
                found += _some(map(str, folders[-1].recordings), f"{path}: no recording in this folder ({_ENDINGS})")
            elif any(sign in path for sign in "*?[") and not Path(path).exists():
                matches = {match for match in _expand(path) if not is_special(Path(match))}
                found += _some(sorted(matches), f"{path}: no file matches this pattern")
            else:
                found.append(path)
        except InputError as error:
            missing.append(str(error))
        except OSError as error:  # a name that is too long
            missing.append(f"{path}: {error.strerror}")
    return found, missing, folders


def _some(found: Iterable[str], otherwise: str) -> list[str]:
    if some := list(found):
        return some
    raise InputError(otherwise)


def _expand(pattern: str) -> list[str]:
    """What matches a pattern, in which ** is a folder and all below it that are not hidden, each real one once."""
    deep = re.fullmatch(r"(|.*?/)\*\*(?:/(.*))?", pattern, re.DOTALL)
    if not deep:
        return glob(pattern)  # noqa: PTH207 (Path.glob starts from no root)
    tops = [Path(top) for top in (glob(deep[1]) if deep[1] else ["."])]  # noqa: PTH207
    places = [
        place
        for top in filter(Path.is_dir, tops)
        for place, _ in walk_folders(top)
        if not any(part.startswith(".") for part in place.relative_to(top).parts)
    ]
    return [match for place in places for match in _expand(str(Path(escape(str(place)), deep[2] or "*")))]


def _predict_all(predictor: "Predictor", recordings: list[str], jobs: int | None, out: "Report") -> int:
    """Report every prediction as it comes; returns how many recordings could not be used."""

    def attempt(recording: str) -> Outcome:
        try:
            return recording, predictor.predict(sys.stdin.buffer if recording == STDIN else recording)
        except InputError as error:
            return recording, error

    n_failed = 0
    with _progress(thread_map(attempt, recordings, jobs), len(recordings)) as (outcomes, aside):
        for recording, outcome in outcomes:
            with aside():
                if isinstance(outcome, InputError):
                    tell("error", outcome)
                    n_failed += 1
                    continue
                for note in outcome.notes:
                    tell("note", note)
                out.add(recording, outcome)
    out.close()
    return n_failed


@contextmanager
def _progress(
    outcomes: Iterator[Outcome], total: int
) -> Iterator[tuple[Iterable[Outcome], Callable[[], AbstractContextManager[object]]]]:
    """A bar on stderr for several recordings, if that is a terminal, and what it takes to print beside it."""
    if total < 2 or not sys.stderr.isatty():
        yield outcomes, nullcontext
        return
    from tqdm import tqdm  # noqa: PLC0415 (for a single recording, it is not waited for)

    with tqdm(outcomes, total=total, unit="clip", leave=False) as bar:
        yield bar, tqdm.external_write_mode
