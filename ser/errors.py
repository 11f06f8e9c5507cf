"""The one exception that a user's input can cause, and how a command shows it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ser.console import accept_every_name, tell


class InputError(Exception):
    """Something the user gave cannot be used: a file, a parameter, a combination of them.

    The message is one line: where, what was expected, what was found, and the remedy if one is known.
    """


_EXTRAS = {
    "fastapi": "serve",
    "matplotlib": "plot",
    "multipart": "serve",
    "prometheus_client": "serve",
    "starlette": "serve",
    "transformers": "pretrained",
    "uvicorn": "serve",
    "websockets": "serve",
}
"""With which extra a module comes; all others that are not always there come with ``train``."""


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn what a user or the system causes into one line on stderr and exit code 1; a bug keeps its traceback.

    That is: an `InputError`; a package that is missing and comes with an extra alone; and what the system says of a
    file, a disk or the output, full ones among them. If nobody reads the output any more, it ends in silence with the
    code of a program that SIGPIPE ended. A standard stream that the caller has closed is the null device.
    No command or stage ends because of a name that stdout cannot show.
    """
    _open_closed_streams()
    accept_every_name()
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except InputError as error:
        message = str(error)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in ("ser", "stages", "benchmarks"):
            raise
        extra = _EXTRAS.get(error.name.partition(".")[0], "train")
        message = f"{error.name} is not installed; `pip install 'speech-emotion[{extra}]'` brings it"
    except OSError as error:
        if error.errno is None:  # not of the system
            raise
        place = "standard output" if _is_output_lost() else error.filename
        if isinstance(error, BrokenPipeError):
            raise SystemExit(128 + signal.SIGPIPE) from None
        message = f"{place}: {error.strerror}" if place else f"{error.strerror}"
    else:
        return
    with suppress(OSError):
        tell("error", message)
    raise SystemExit(1)


def _open_closed_streams() -> None:
    """Let the null device be what the caller has closed: otherwise its number is that of the next file opened."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 (as long as the process)


def _is_output_lost() -> bool:
    """Whether stdout cannot be written; what it still holds is then thrown away, lest Python tries again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False
