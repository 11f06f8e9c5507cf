"""What libmpg123 says of a file on the process's stderr, where nothing tells which file is meant."""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ONE_AT_A_TIME = threading.Lock()
_STDERR = 2
_MARK = b"libmpg123"


@contextmanager
def captured_messages(messages: dict[str, None]) -> Iterator[None]:
    """Keep libmpg123's lines from stderr for as long as the context lasts; what others write there arrives after it.

    Args:
        messages: they are added to it as keys, each once.
    """
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as file:
        try:
            stderr = os.dup(_STDERR)
        except OSError:  # it is closed
            yield
            return
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(file.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(stderr, _STDERR)
            file.seek(0)
            for line in file:
                if _MARK in line:
                    messages[line.rpartition(b": ")[2].decode(errors="replace").strip()] = None
                else:
                    os.write(stderr, line)
            os.close(stderr)
