"""What a service is started with."""

import os
import re
from dataclasses import dataclass, field

from ser.errors import InputError

MEGABYTE = 1 << 20
TOKEN_VARIABLE = "SER_TOKEN"  # noqa: S105 (its name)


@dataclass(frozen=True)
class Settings:
    """Where a service listens, whom it answers, and how much of it a request may use.

    Attributes:
        host: address to listen on.
        port: 0: any free one.
        allowed_hosts: names that requests may call the service by, besides addresses, localhost and `host`.
        token: what a request must bring; None: nothing.
        max_bytes: of a request's body.
        max_seconds: of a recording.
        concurrency: requests that are read, decoded and predicted at once, and streams open at once.
        timeout: seconds a request may take to arrive, and a recording to be decoded.

    Raises:
        InputError: the host is empty; an allowed one is no name; the token is too short, or has signs that a header, a
            cookie and a subprotocol do not all carry.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    allowed_hosts: tuple[str, ...] = ()
    token: str | None = field(default=None, repr=False)
    max_bytes: int = 20 * MEGABYTE
    max_seconds: float = 120.0
    concurrency: int = 16
    timeout: float = 20.0

    def __post_init__(self) -> None:
        if not self.host.strip():
            raise InputError("--host: expected an address or a name, found nothing; 0.0.0.0 stands for all addresses")
        for name in self.allowed_hosts:
            if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", name):
                raise InputError(f"--allow-host: expected a name as emotions.example.org, without port, found {name!r}")
        if self.token is not None and not re.fullmatch(r"[A-Za-z0-9._~-]{16,}", self.token):
            raise InputError(
                f"{TOKEN_VARIABLE}: expected at least 16 letters, digits and signs out of . _ ~ - and no others;"
                " `openssl rand -hex 24` makes one"
            )

    @property
    def n_workers(self) -> int:
        """Processes that decode, and threads that predict."""
        return min(self.concurrency, os.cpu_count() or 1)
