"""The one exception that a user's input can cause, and how a command shows it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class InputError(Exception):
    """Something the user gave cannot be used: a file, a parameter, a combination of them.

    The message is one line: where, what was expected, what was found, and the remedy if one is known.
    """


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn an `InputError` into one line on stderr and exit code 1; anything else is a bug and keeps its traceback."""
    try:
        yield
    except InputError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        raise SystemExit(1) from None
