"""Processes that end with the one that started them."""

import os
import threading
import time

INTERVAL = 0.5
"""Seconds after which a process notices, at most, that its parent is gone."""


def end_with(parent: int) -> None:
    """End this process once the process `parent`, which started it, is gone.

    However that ended: one that is killed tells nobody, and a pipe from it may be held open by its other children.
    """
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(INTERVAL)
    os._exit(1)
