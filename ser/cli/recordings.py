"""Recordings that a command is given: which are meant, and what is done with each of them."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from glob import escape, glob
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from ser.audio.files import Contents, describe_passed_over, look_through
from ser.audio.suffixes import FFMPEG_SUFFIXES, SUFFIXES
from ser.console import tell
from ser.errors import InputError
from ser.parallel import thread_map
from ser.walking import is_special, walk_folders

_ENDINGS = ", ".join(SUFFIXES + FFMPEG_SUFFIXES)

Found = TypeVar("Found")
Done = TypeVar("Done")

RecordingsArgument = Annotated[
    list[str],
    typer.Argument(
        help="Recordings (WAV, FLAC, Ogg, MP3, AIFF and others; M4A, MP4, WebM and others if ffmpeg is installed),"
        " folders that are searched for them, patterns such as 'calls/**/*.wav', or - for standard input.",
        show_default=False,
    ),
]

JobsOption = Annotated[int | None, typer.Option(min=1, help="Threads.", show_default="as many as cores")]


def find_recordings(paths: Sequence[str]) -> tuple[list[str], int]:
    """Find the recordings that are meant, and say of the rest on stderr what it is.

    Returns:
        Paths of recordings, and of how many words there is none.
    """
    recordings, missing, folders = _find(paths)
    for error in missing:
        tell("error", error)
    for note in describe_passed_over(folders):
        tell("note", note)
    return recordings, len(missing)


def do_all(
    recordings: Sequence[str],
    work: Callable[[str], Found],
    done: Callable[[str, Found], None],
    jobs: int | None,
) -> int:
    """Do something with every recording, on several threads, with a bar on a terminal.

    Args:
        recordings: their paths.
        work: called on a thread for each of them.
        done: called in order with what it gave.
        jobs: number of threads; None: as many as there are cores.

    Returns:
        How many could not be used; stderr says why.
    """

    def attempt(recording: str) -> tuple[str, Found | InputError]:
        try:
            return recording, work(recording)
        except InputError as error:
            return recording, error

    n_failed = 0
    with _progress(thread_map(attempt, recordings, jobs), len(recordings)) as (outcomes, aside):
        for recording, outcome in outcomes:
            with aside():
                if isinstance(outcome, InputError):
                    tell("error", outcome)
                    n_failed += 1
                else:
                    done(recording, outcome)
    return n_failed


def _find(paths: Sequence[str]) -> tuple[list[str], list[str], list[Contents]]:
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


@contextmanager
def _progress(
    outcomes: Iterator[Done], total: int
) -> Iterator[tuple[Iterable[Done], Callable[[], AbstractContextManager[object]]]]:
    """A bar on stderr for several recordings, if that is a terminal, and what it takes to print beside it."""
    if total < 2 or not sys.stderr.isatty():
        yield outcomes, nullcontext
        return
    from tqdm import tqdm  # noqa: PLC0415 (for a single recording, it is not waited for)

    with tqdm(outcomes, total=total, unit="clip", leave=False) as bar:
        yield bar, tqdm.external_write_mode
