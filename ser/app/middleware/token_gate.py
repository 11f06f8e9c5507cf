"""Who is answered: with a token, nobody who does not bring it but whoever asks whether the service is well."""

import hmac
import re
from html import escape
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

LOGIN = "/login"
OPEN = ("/health", LOGIN)
COOKIE = "ser_token"
SUBPROTOCOL = "ser"
"""What a browser's WebSocket names, with the token after it: it can set no header."""

_MAX_FORM = 4096  # bytes

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Token</title>
<style>
body {{ font: 1rem system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0 1rem }}
form {{ display: grid; gap: .6rem; width: min(22rem, 100%) }}
input, button {{ font: inherit; padding: .5rem }}
</style></head>
<body><form method="post" action="{login}">
<label for="token">This service asks for its token.</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<input type="hidden" name="next" value="{next}">
<button>Continue</button>
</form></body></html>
"""


class TokenGate:
    """ASGI middleware that answers 401 to requests and WebSockets without the token.

    It is brought as ``Authorization: Bearer TOKEN``; by a browser's page, in the cookie that `login` sets; by a
    browser's WebSocket, in that cookie or as the subprotocol after ``ser``. Never in the address: those are logged.

    Args:
        app: what it stands before.
        token: the token.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan" or scope["path"] in OPEN or self._brought(HTTPConnection(scope)):
            await self.app(scope, receive, send)
        else:
            await _refusal(scope)(scope, receive, send)

    def _brought(self, connection: HTTPConnection) -> bool:
        kind, _, credentials = connection.headers.get("authorization", "").partition(" ")
        offered = [credentials.strip()] if kind.lower() == "bearer" else []
        offered += [connection.cookies.get(COOKIE, "")]
        match connection.scope.get("subprotocols"):
            case [name, token] if name == SUBPROTOCOL:
                offered.append(token)
        return any(same(one, self.token) for one in offered)


def same(offered: str, token: str) -> bool:
    """Compare in a time that tells nothing about the token."""
    return hmac.compare_digest(offered.encode(), token.encode())


def _refusal(scope: Scope) -> Response:
    headers = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}
    if scope["type"] == "http" and scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", ""):
        return HTMLResponse(_PAGE.format(login=LOGIN, next=escape(scope["path"])), 401, headers)
    return JSONResponse({"error": "expected the service's token, as 'Authorization: Bearer TOKEN'"}, 401, headers)


async def login(request: Request, token: str) -> Response:
    """Exchange the token, from a form, for a cookie, and go where the browser wanted to go.

    Raises:
        HTTPException: the form is too large (413), or the token is another (401).
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM:
            raise HTTPException(413, f"expected at most {_MAX_FORM} bytes, found more")
    form = parse_qs(body.decode("latin-1"))
    if not same(form.get("token", [""])[0], token):
        raise HTTPException(401, "this is not the service's token", {"WWW-Authenticate": "Bearer"})
    wanted = form.get("next", ["/"])[0]
    response = RedirectResponse(wanted if re.fullmatch(r"/([\w.-][\w./-]*)?", wanted) else "/", 303)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, secure=secure, httponly=True, samesite="strict")
    return response
