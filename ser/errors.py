"""The one exception that a user's input can cause, and how a command shows it."""

from collections.abc import Iterator
from contextlib import contextmanager

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
    """Turn an `InputError` into one line on stderr and exit code 1; anything else is a bug and keeps its traceback.

    So, too, where a package is missing that comes with an extra alone. Every command and stage runs in it, and so none
    ends because of a name that stdout cannot show.
    """
    accept_every_name()
    try:
        yield
    except InputError as error:
        message = str(error)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in ("ser", "stages", "benchmarks"):
            raise
        extra = _EXTRAS.get(error.name.partition(".")[0], "train")
        message = f"{error.name} is not installed; `pip install 'speech-emotion[{extra}]'` brings it"
    else:
        return
    tell("error", message)
    raise SystemExit(1)
