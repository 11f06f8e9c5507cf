"""So many at once, and no more of one client than half of them."""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Gauge
from starlette.datastructures import Address


class BusyError(Exception):
    """As many recordings are being worked on, or streams are open, as are allowed."""


class Places:
    """What is taken by a request that is worked on, or by a stream that is open.

    Args:
        n_places: how many there are.
        gauge: shows how many are taken.

    Attributes:
        empty: whether none is.
    """

    def __init__(self, n_places: int, gauge: Gauge) -> None:
        self._n_places, self._n_of_one = n_places, -(-n_places // 2)
        self._taken: Counter[str] = Counter()
        self._gauge = gauge
        self.empty = asyncio.Event()
        self.empty.set()

    @contextmanager
    def taken(self, client: tuple[str, int] | Address | None) -> Iterator[None]:
        """Have one, for a client as ASGI names it.

        Raises:
            BusyError: all are taken, or this client has half of them.
        """
        name = neighbourhood(client[0]) if client else ""
        if self._taken.total() >= self._n_places or self._taken[name] >= self._n_of_one:
            raise BusyError
        self._taken[name] += 1
        self.empty.clear()
        try:
            with self._gauge.track_inprogress():
                yield
        finally:
            self._taken[name] -= 1
            self._taken += Counter()  # forgets those that have none
            if not self._taken:
                self.empty.set()


def neighbourhood(host: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 address, which providers give to one customer.

    >>> neighbourhood("2001:db8::1"), neighbourhood("192.0.2.1")
    ('2001:db8::/64', '192.0.2.1')
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host  # what a proxy calls its client
    return host if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))
