"""Turns cases of the real-trace corpus into the fixed log format, where every record has a time.

The fixture holds the frames of 52 public traces; `source_url` is where each was read, where known. A case
is one station, named after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FIXTURE = Path(__file__).parent / "fixtures" / "corpus_dev.jsonl"
#: Where a trace prints no time at all.
NO_TIME = datetime(2026, 1, 1, tzinfo=UTC)
#: Link events are told in words; those not named here say nothing about the socket.
EVENTS = {"connected": "connected", "reconnects": "connected", "charger closes": "disconnected"}


def cases(path: Path = FIXTURE) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def log_of(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The case's records in order: printed times are taken as UTC, missing ones follow by a second."""
    items = [(frame["t"], {"dir": frame["dir"], "raw": frame["raw"]}) for frame in case["frames"]]
    after: list[tuple[str | None, dict[str, Any]]] = []
    for event in case.get("conn_events", []):
        kind = next((kind for words, kind in EVENTS.items() if event["event"].startswith(words)), None)
        if kind is not None:
            (after if event["t"] is None else items).append((event["t"], {"event": kind}))
    # Printed times decide; an item without one stays behind the item before it.
    placed: list[tuple[datetime, dict[str, Any]]] = []
    told = [_utc(t) for t, _ in (*items, *after) if t is not None]
    at = min(told, default=NO_TIME)
    for t, record in (*items, *after):
        at = _utc(t) if t is not None else at + timedelta(seconds=1)
        placed.append((at, record))
    placed.sort(key=lambda item: item[0])
    for at, record in placed:
        head = {"t": at.isoformat().replace("+00:00", "Z"), "station": case["id"], "version": case["ocpp"]}
        yield {**head, **record}


def log_lines(some: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """One log of all these cases, a line a chunk: not in order of time, as cases follow each other."""
    for case in some:
        for record in log_of(case):
            yield json.dumps(record).encode() + b"\n"


def _utc(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
