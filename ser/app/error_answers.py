"""Every error is answered with one line of JSON, and none with more than that."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from ser.app.decoder_pool import DecodersGoneError
from ser.app.places import BusyError
from ser.app.schemas import Error
from ser.errors import InputError

RETRY_AFTER = "1"
"""Seconds; a recording takes a hundredth."""

MEANINGS = {
    400: "The request or its form cannot be read.",
    401: "The service's token is missing.",
    403: "The request comes from another website's page.",
    408: "The request took too long to arrive.",
    413: "The request is too large.",
    415: "The body is no form.",
    421: "The request names another host.",
    422: "The recording, or a parameter, cannot be used; it may be too long.",
    429: "As many recordings are being worked on as are allowed, or as many of this client.",
    503: "No recording can be decoded at the moment.",
}


def described(*statuses: int, token: bool) -> dict[int | str, dict[str, Any]]:
    """Describe a route's errors for OpenAPI; with a token, a missing one, too."""
    statuses = (*statuses, 401) if token else statuses
    return {status: {"model": Error, "description": MEANINGS[status]} for status in sorted(statuses)}


def answer_errors(app: FastAPI) -> None:
    """Register what answers errors."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InputError, _unusable)
    app.add_exception_handler(BusyError, _busy)
    app.add_exception_handler(DecodersGoneError, _gone)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(Exception, _bug)


def error_answer(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Say in one line what is wrong."""
    return JSONResponse({"error": " ".join(message.split())}, status, headers)


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 (Starlette's types know no better)
    return error_answer(error.status_code, error.detail, dict(error.headers or {}))


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    return error_answer(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")


async def _unusable(_: Request, error: Exception) -> JSONResponse:
    return error_answer(422, str(error))


def busy() -> JSONResponse:
    """Say that all places are taken."""
    return error_answer(429, "as much is being worked on as is allowed; try again", {"Retry-After": RETRY_AFTER})


async def _busy(_: Request, __: Exception) -> JSONResponse:
    return busy()


async def _gone(_: Request, __: Exception) -> JSONResponse:
    return error_answer(503, "recordings cannot be decoded at the moment", {"Retry-After": RETRY_AFTER})


async def _left(_: Request, __: Exception) -> JSONResponse:
    return error_answer(400, "the request ended early")  # nobody reads it; without it, this were logged as a bug


async def _bug(_: Request, __: Exception) -> JSONResponse:
    return error_answer(500, "internal error")  # the server logs its traceback
