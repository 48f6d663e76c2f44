"""One OCPP-J frame: from the text as received to type, id, action and payload.

Decides what the text says and what is wrong with it. It never raises on anything a station sends, never
judges, and never changes `raw`: what came is what is stored. No schema is checked here (hot path).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from collectors.decode import findings
from collectors.decode.repair import clean_text, read_broken

CALL: Final = 2
CALLRESULT: Final = 3
CALLERROR: Final = 4
CALLRESULTERROR: Final = 5
"""OCPP 2.1: the receiver of an answer could not read it."""
SEND: Final = 6
"""OCPP 2.1: a request that wants no answer."""

MAX_MESSAGE_ID: Final = 36
"""Characters, by OCPP-J 1.6 and 2.x."""

_decode = msgspec.json.Decoder().decode


class Frame(msgspec.Struct, frozen=True):
    """`type` is None when the text is no frame at all; `payload` is then empty.

    For a CALLERROR `payload` holds the error details. `findings` are ids of `data/catalog/findings.yaml`.
    """

    type: int | None
    message_id: str | None
    action: str | None
    payload: dict[str, Any]
    error_code: str | None
    error_description: str | None
    raw: str
    findings: tuple[str, ...] = ()


def parse(data: str | bytes) -> Frame:
    """The frame in `data`, text or its UTF-8 bytes. Never raises.

    Whether it came as a WebSocket text or binary frame is the caller's to know and to flag.
    """
    if isinstance(data, str):
        text = data
    else:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return _parse_broken(data.decode(errors="backslashreplace"), (findings.NOT_UTF8,))
    try:
        document = _decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return _parse_broken(text, ())
    if (
        type(document) is list
        and len(document) > 2
        and type(document[0]) is int
        and type(document[1]) is str
        and 0 < len(document[1]) <= MAX_MESSAGE_ID
        and type(document[-1]) is dict
        and "\n" not in text
    ):
        # The short way for well-formed requests and answers.
        if document[0] == CALL and len(document) == 4 and type(document[2]) is str and document[2]:
            return Frame(CALL, document[1], document[2], document[3], None, None, text)
        if document[0] == CALLRESULT and len(document) == 3:
            return Frame(CALLRESULT, document[1], None, document[2], None, None, text)
    return _envelope(document, text, ())


def _parse_broken(data: str, found: tuple[str, ...]) -> Frame:
    raw = clean_text(data)
    if not raw.strip():
        return Frame(None, None, None, {}, None, None, raw, (*found, findings.FRAME_EMPTY))
    document, broken = read_broken(raw)
    if document is None:
        return Frame(None, None, None, {}, None, None, raw, found + broken)
    return _envelope(document, raw, found + broken)


def _envelope(document: Any, raw: str, found: tuple[str, ...]) -> Frame:
    """The slow way, for errors and everything that is not exactly a well-formed request or answer."""
    odd = dict.fromkeys(found)
    if "\n" in raw.strip():
        odd[findings.JSON_MULTI_LINE] = None
    if not isinstance(document, list) or not document:
        odd[findings.NOT_A_FRAME] = None
        return Frame(None, None, None, {}, None, None, raw, tuple(odd))
    kind = _kind(document[0], odd)
    if kind is None:
        return Frame(None, None, None, {}, None, None, raw, tuple(odd))
    message_id = _message_id(document[1] if len(document) > 1 else None, odd)
    if kind in (CALL, SEND):
        action = _text(document[2]) if len(document) > 2 else None
        if not action:
            odd[findings.ACTION_MISSING] = None
        payload = _payload(document, 3, odd)
        return Frame(kind, message_id, action or None, payload, None, None, raw, tuple(odd))
    if kind == CALLRESULT:
        return Frame(kind, message_id, None, _payload(document, 2, odd), None, None, raw, tuple(odd))
    code = _text(document[2]) if len(document) > 2 else None
    description = _text(document[3]) if len(document) > 3 else None
    details = _payload(document, 4, odd)
    return Frame(kind, message_id, None, details, code or None, description or None, raw, tuple(odd))


def _kind(value: Any, odd: dict[str, None]) -> int | None:
    if isinstance(value, str) and value.strip() in {"2", "3", "4", "5", "6"}:
        odd[findings.TYPE_AS_TEXT] = None
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and value in (2, 3, 4, 5, 6):
        return int(value)
    odd[findings.TYPE_UNKNOWN] = None
    return None


def _message_id(value: Any, odd: dict[str, None]) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        odd[findings.MESSAGE_ID_NOT_TEXT] = None
        return str(value)
    if not isinstance(value, str) or not value:
        odd[findings.MESSAGE_ID_MISSING] = None
        return None
    if len(value) > MAX_MESSAGE_ID:
        odd[findings.MESSAGE_ID_TOO_LONG] = None
    return value


def _text(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) else None


def _payload(document: list[Any], place: int, odd: dict[str, None]) -> dict[str, Any]:
    if len(document) > place + 1:
        odd[findings.EXTRA_ELEMENTS] = None
    if len(document) <= place:
        odd[findings.PAYLOAD_MISSING] = None
        return {}
    payload = document[place]
    if isinstance(payload, dict):
        return payload
    odd[findings.PAYLOAD_NOT_OBJECT] = None
    return {}
