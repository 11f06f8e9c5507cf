"""A form with a recording in it."""

from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
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


async def read_upload(request: Request) -> tuple[str, bytes]:
    """Read the name and the content of the file in a form.

    Raises:
        HTTPException: it is no form (415), or one that cannot be read (400).
        InputError: it holds something else.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise HTTPException(415, f"expected {FORM}, found {kind or 'no content type'}")
    async with request.form(max_files=1, max_fields=1) as form:
        file = form.get(FIELD)
        if len(form) != 1 or not isinstance(file, UploadFile):
            raise InputError(f"expected a form with one field, '{FIELD}', that holds a recording")
        return file.filename or "", await file.read()
