"""A form with a recording in it."""

from typing import Any

from starlette.datastructures import Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from ser.errors import InputError

FORM = "multipart/form-data"
FIELD = "file"

DESCRIPTION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {FIELD: {"type": "string", "format": "binary", "description": "The recording."}},
                    "additionalProperties": False,
                }
            }
        },
    }
}
"""For OpenAPI: FastAPI knows nothing of this body, because it would read it before a route can say that it is busy."""


class _Form(MultiPartParser):
    """A form that is kept in memory: a temporary file could stay behind, and many could fill a disk."""

    spool_max_size = 0  # of no size are files made


def media_type(headers: Headers) -> str:
    """What a body is said to be, without parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_upload(request: Request) -> tuple[str, bytes]:
    """Read the name and the content of the file in a form.

    Raises:
        HTTPException: it is no form (415), or one that cannot be read (400).
        InputError: it holds something else.
    """
    kind = media_type(request.headers)
    if kind != FORM:
        raise HTTPException(415, f"expected {FORM}, found {kind or 'no content type'}")
    try:
        form = await _Form(request.headers, request.stream(), max_files=1, max_fields=1).parse()
    except MultiPartException as error:
        raise HTTPException(400, error.message) from None
    except UnicodeError:  # Starlette decodes names as the header says: as punycode, if it likes
        raise HTTPException(400, "expected names in UTF-8, found others") from None
    try:
        file = form.get(FIELD)
        if len(form) != 1 or not isinstance(file, UploadFile):
            raise InputError(f"expected a form with one field, '{FIELD}', that holds a recording")
        return file.filename or "", await file.read()
    finally:
        await form.close()
