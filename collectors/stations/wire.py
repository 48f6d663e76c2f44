"""The plain case of RFC 6455, done at once: whole, masked text frames in, one text frame out.

Decides only whether bytes are that plain case; all others (fragments, control frames, errors, halves of
frames) are left to the `websockets` library, whose step-by-step parser takes six times as long over this one.
Must never accept what the library would refuse.
"""

from __future__ import annotations

from typing import Any, cast

# The library's own choice between its C and its Python form.
from websockets.frames import apply_mask  # type: ignore[attr-defined]
from websockets.protocol import Protocol
from websockets.streams import StreamReader

TEXT_IN_ONE = 0x81  # FIN and opcode 1, no reserved bits
MASKED = 0x80
_AT_EOF = StreamReader.at_eof.__code__


def whole_texts(data: bytes, max_bytes: int) -> list[bytes] | None:
    """The messages in `data`, when it holds nothing but whole, masked text frames of at most `max_bytes`."""
    texts = []
    at, size = 0, len(data)
    while at < size:
        if size - at < 6 or data[at] != TEXT_IN_ONE:
            return None
        length = data[at + 1] - MASKED
        start = at + 6
        if length == 126:
            length = data[at + 2] << 8 | data[at + 3]
            start = at + 8
        elif not 0 <= length < 126:
            return None
        at = start + length
        if at > size or length > max_bytes:
            return None
        texts.append(apply_mask(data[start:at], data[start - 4 : start]))
    return texts


def text_frame(payload: bytes) -> bytes:
    """One unmasked text frame, as a server sends it."""
    length = len(payload)
    if length < 126:
        return bytes((TEXT_IN_ONE, length)) + payload
    if length < 65_536:
        return bytes((TEXT_IN_ONE, 126)) + length.to_bytes(2, "big") + payload
    return bytes((TEXT_IN_ONE, 127)) + length.to_bytes(8, "big") + payload


def between_messages(protocol: Protocol) -> bool:
    """The library's parser holds no part of a frame or of a fragmented message."""
    if protocol.reader.buffer or protocol.current_size is not None:
        return False
    waiting = cast(Any, protocol.parser)
    # A server's parser is two deep: what reads the handshake hands on to what reads frames.
    while (deeper := getattr(waiting, "gi_yieldfrom", None)) is not None:
        waiting = deeper
    return getattr(waiting, "gi_code", None) is _AT_EOF
