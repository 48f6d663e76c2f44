"""The form that a visitor sends, before anybody knows who it is.

Decides only how much of it is read: a body without end must not fill this process's memory.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

MOST_BYTES = 32_768  # the longest note and address, percent-encoded, with room


async def form_of(request: Request) -> FormData:
    """The fields of an urlencoded form. Raises HTTPException 413 above `MOST_BYTES`, without reading on."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise HTTPException(413, f"the form is larger than {MOST_BYTES} bytes")
    fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return FormData([(name, value) for name, value in fields])
