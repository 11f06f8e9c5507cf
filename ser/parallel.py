"""Work spread over the processor's cores: processes, or threads for what leaves Python's lock to others."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ser.lifetime import end_with

Item = TypeVar("Item")
Result = TypeVar("Result")


def parallel_map(
    function: Callable[[Item], Result], items: Sequence[Item], label: str, unit: str = "clip", n_jobs: int = -1
) -> Iterator[Result]:
    """Yield ``function(item)`` for every item, in the items' order, computed on all cores.

    Results are handed over as they come, so memory does not grow with the number of items. The other processes end with
    this one, however it ends; Ctrl-C, which reaches all of them, is left to this one.

    Args:
        function: a picklable function.
        items: its arguments.
        label: what the progress bar says; the bar is shown on stderr, and only if that is a terminal.
        unit: what one item is called there.
        n_jobs: number of processes; -1: as many as cores; 1: this one alone.
    """
    from joblib import Parallel, delayed  # noqa: PLC0415 (`ser predict` does without)
    from tqdm import tqdm  # noqa: PLC0415 (slow to import)

    parallel = Parallel(
        n_jobs=n_jobs, return_as="generator", batch_size="auto", initializer=_start_worker, initargs=(os.getpid(),)
    )
    results = parallel(delayed(function)(item) for item in items)
    yield from tqdm(results, total=len(items), desc=label, unit=unit, disable=None, leave=False)


def _start_worker(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)


def thread_map(function: Callable[[Item], Result], items: Sequence[Item], jobs: int | None) -> Iterator[Result]:
    """Yield ``function(item)`` for every item, in the items' order.

    Args:
        function: called from `jobs` threads at once.
        items: its arguments.
        jobs: number of threads; None: as many as there are cores.
    """
    jobs = min(jobs or os.cpu_count() or 1, len(items))
    if jobs <= 1:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(jobs)
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)
