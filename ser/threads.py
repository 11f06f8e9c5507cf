"""Work spread over threads, for what leaves Python's lock to others: decoding, transforms, networks."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


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
