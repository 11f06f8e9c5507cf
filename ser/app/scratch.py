"""A folder for a service's temporary files, which the next one removes if this one is killed."""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from ser.storage import lock_folder

PREFIX = "ser-serve-"


class Scratch:
    """A folder of one's own, locked as long as this process lives.

    Attributes:
        path: the folder.
    """

    def __init__(self) -> None:
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            with suppress(OSError):  # in use, another user's, or no folder
                _remove(left)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
            self._lock = lock_folder(self.path, fcntl.LOCK_EX)
            if self.path.exists():  # another service that starts may have removed it before it was locked
                return
            os.close(self._lock)

    def remove(self) -> None:
        """Remove it, with what is in it."""
        shutil.rmtree(self.path)
        os.close(self._lock)


def _remove(folder: Path) -> None:
    lock = lock_folder(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        if os.fstat(lock).st_uid == os.getuid():
            shutil.rmtree(folder)
    finally:
        os.close(lock)
