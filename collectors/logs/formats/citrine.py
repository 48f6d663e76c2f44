"""Logs of CitrineOS: a frame is what its router publishes, printed as an object over several lines.

Source: the two console logs of CitrineOS's documentation ("Viewing OCPP Logs", 2024 and 2026), and of
citrineos-core the WebsocketNetworkConnection (connections, printed as `tenant:station`) and its enums.
The frame is built again from the object: same id, action and payload, not the same spacing. Times are UTC
unless tslog was told otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from collectors.logs.formats.inspected import parse_inspected
from collectors.logs.formats.text import (
    MAX_LINES,
    STAMP,
    LocalClock,
    Reading,
    begin_of,
    text_lines,
    without_console,
)
from collectors.logs.logfile import MAX_LINE, VERSIONS, BadLine, LogRecord, Unfit, station_name

_HEAD = re.compile(
    rf"{STAMP}.*?(?:"
    r"(?P<object>\bPublishing to [^{]{0,100}\{.*)"
    r"|Client websocket connected (?P<opened>\S+) \S+ \S+ ocpp(?P<version>[\d.]+)"
    r"|Connection closed for (?P<closed>\S+))"
)
_STARTS = re.compile(rf"\s*{STAMP}\s+[A-Z]{{4,5}}\s")
_MARK = re.compile(r"CitrineOS Logger:|\bPublishing to \S+: \{\s*$")
_TENANT = re.compile(r"\d+:")
#: MessageState of citrineos-core.
_REQUEST, _RESPONSE = 1, 2
_ORIGINS = {"cs": "in", "csms": "out"}


def fits(lines: Sequence[str]) -> bool:
    return any(_MARK.search(line) for line in lines)


def read(chunks: Iterable[bytes], reading: Reading) -> Iterator[LogRecord | BadLine]:
    clock = LocalClock(reading.zone)
    for line, head, text in _objects(chunks):
        if head is None:
            yield BadLine(line, text)
            continue
        try:
            at = clock.at(head)
            if head["object"]:
                yield _frame(line, at, text)
            else:
                opened = head["opened"]
                name = _TENANT.sub("", opened or head["closed"], count=1)
                version = head["version"] if head["version"] in VERSIONS else None
                event = "connected" if opened else "disconnected"
                yield LogRecord(line, at, station_name(name), event=event, version=version)
        except Unfit as fault:
            yield BadLine(line, str(fault))


def _objects(chunks: Iterable[bytes]) -> Iterator[tuple[int, re.Match[str] | None, str]]:
    """Line, the match of its head and the printed object; without a match the text is why there is none."""
    first: tuple[int, re.Match[str]] | None = None
    parts: list[str] = []
    size = depth = 0
    for number, found in text_lines(chunks):
        if found is None:
            yield number, None, f"the line is longer than {MAX_LINE} bytes"
            first = None
            continue
        line = without_console(found)
        if _STARTS.match(line):
            if first is not None:
                yield first[0], None, "the object that begins here has no end"
                first = None
            head = begin_of(_HEAD, line)
            if head is None:
                continue
            text = head["object"] or ""
            text = text[text.find("{") :] if text else ""
            if not text or _closes(text, 0) <= 0:
                yield number, head, text
                continue
            first, parts, size, depth = (number, head), [text], len(text), _closes(text, 0)
            continue
        if first is None:
            continue
        parts.append(line)
        size += len(line)
        depth = _closes(line, depth)
        if depth <= 0:
            yield *first, "\n".join(parts)
            first = None
        elif size > MAX_LINE or len(parts) > MAX_LINES:
            yield first[0], None, "the object that begins here has no end"
            first = None
    if first is not None:
        yield first[0], None, "the object that begins here has no end"


_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`")


def _closes(line: str, depth: int) -> int:
    """Objects open after this line."""
    if "'" in line or '"' in line or "`" in line:
        line = _QUOTED.sub("", line)
    return depth + line.count("{") - line.count("}")


def _frame(line: int, at: Any, text: str) -> LogRecord:
    said = parse_inspected(text)
    context = said.get("context") if isinstance(said, dict) else None
    if not isinstance(context, dict):
        raise Unfit("the printed object is no message")
    direction = _ORIGINS.get(str(said.get("origin")))
    if direction is None:
        raise Unfit("the printed object does not tell its origin")
    name = context.get("stationId") or context.get("ocppConnectionName")
    station = station_name(name if isinstance(name, str) else None)
    message_id, payload = context.get("correlationId"), said.get("payload")
    if not isinstance(payload, dict):
        raise Unfit("the printed object has no payload")
    if said.get("state") == _REQUEST:
        frame = [2, message_id, said.get("action"), payload]
    elif said.get("state") == _RESPONSE:
        frame = [3, message_id, payload]
    else:
        raise Unfit("the printed object is neither request nor answer")
    protocol = str(said.get("protocol")).removeprefix("ocpp")
    return LogRecord(
        line,
        at,
        station,
        direction=direction,
        raw=msgspec.json.encode(frame).decode(),
        version=protocol if protocol in VERSIONS else None,
    )
