"""Logs in another encoding than UTF-8, as UTF-8.

Decides UTF-16 by its byte order mark, as Windows PowerShell's `>` writes it, for a whole log; and bytes of a
line that are no UTF-8 one by one, as Windows-1252 or Latin-1 has them. Never touches what is UTF-8 already.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

_UTF_16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_MARK = 2
_WESTERN = "laadwacht-western"


def as_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, or those of a UTF-16 log in UTF-8. What is no UTF-16 there becomes U+FFFD."""
    pieces = iter(chunks)
    start = b""
    for piece in pieces:
        start += piece
        if len(start) >= _MARK:
            break
    encoding = _UTF_16.get(start[:_MARK])
    if encoding is None:
        yield start
        yield from pieces
        return
    decode = codecs.getincrementaldecoder(encoding)("replace").decode
    yield decode(start[_MARK:]).encode(errors="replace")
    for piece in pieces:
        yield decode(piece).encode(errors="replace")
    yield decode(b"", final=True).encode(errors="replace")


def text_of(line: bytes) -> str:
    """A line as text; never raises."""
    return line.decode(errors=_WESTERN)


def as_utf8_line(line: bytes) -> bytes:
    """A line in UTF-8; the same where it is that already."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return text_of(line).encode()
    return line


def _western(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    try:
        return wrong.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return wrong.decode("latin-1"), error.end


codecs.register_error(_WESTERN, _western)
