"""By which names the service is called, and from whose pages: no website may use a browser to reach it."""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ser.app.error_answers import error_answer
from ser.app.settings import Settings

_READING = ("GET", "HEAD", "OPTIONS")
"""What another website's page may send and not read: no answer has a header that allows it to."""


class HostGate:
    """ASGI middleware that answers 421 to foreign names, and 403 to WebSockets and changes from foreign pages.

    A name that is foreign may have been pointed at this machine's address by its owner, so that a browser takes the
    service for a part of the owner's website. Nobody can do that with an address, or with ``localhost``. Browsers send
    ``Host`` always and ``Origin`` wherever it matters; who sends none is no browser.

    Args:
        app: what it stands before.
        settings: `host` and `allowed_hosts`.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._names = {name.lower() for name in ("localhost", settings.host, *settings.allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host"), headers.get("origin")
        if host is not None and not self._is_ours(host):
            refusal = error_answer(421, "expected a host that this service is called by; --allow-host names more")
            await refusal(scope, receive, send)
        elif origin is not None and scope.get("method") not in _READING and not _same(origin, host):
            await error_answer(403, "expected a page of this service, found another website's")(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            return name in self._names or bool(ipaddress.ip_address(name))
        except ValueError:
            return False


def _same(origin: str, host: str | None) -> bool:
    return host is not None and origin.lower().partition("://")[2] == host.lower()
