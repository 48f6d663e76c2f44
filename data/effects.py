"""Writes what judgement decided: effects become upserts, set by set.

Decides only which of several effects on one row counts: the last. Must never invent or merge values, so that
applying the same effects again leaves the same rows. Notices and incident events are written once and never
changed here: their rows belong to the outbox and to history from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import duckdb
import msgspec
import pyarrow as pa

from data.arrivals import insert_table
from data.properties import write_properties
from data.rows import TEXT_LIST, UTC_MICROSECONDS
from data.uptime_stale import note_changes
from rules.core.model import (
    BlindRow,
    Effect,
    FeedbackRow,
    FirstAidRow,
    IncidentEventRow,
    IncidentRow,
    IntervalRow,
    LinkRow,
    NoticeRow,
    PlannedRow,
    PropertyRow,
    SessionRow,
    StationRow,
    SubscriptionRow,
    WindowRow,
)
from rules.core.subscription import LANE

_json = msgspec.json.Encoder().encode


# A notice's text in the destination's language: (language, subject, body) and, for a destination that takes
# facts beside words, those as JSON.
Rendered = tuple[str, str, str] | tuple[str, str, str, str | None]


class _Target(NamedTuple):
    """Where one kind of effect is written. `once`: an existing row is left as it is."""

    table: str
    key: tuple[str, ...]
    once: bool
    columns: tuple[tuple[str, pa.DataType, Callable[[Any], Any]], ...]


def _field(name: str) -> Callable[[Any], Any]:
    def read(row: Any) -> Any:
        return getattr(row, name)

    return read


def _json_field(name: str) -> Callable[[Any], Any]:
    def read(row: Any) -> str:
        return _json(getattr(row, name)).decode()

    return read


def _columns(
    *, text: str = "", times: str = "", integers: str = "", floats: str = "", flags: str = "", lists: str = ""
) -> tuple[tuple[str, pa.DataType, Callable[[Any], Any]], ...]:
    kinds = (
        (text, pa.string()),
        (times, UTC_MICROSECONDS),
        (integers, pa.int32()),
        (floats, pa.float64()),
        (flags, pa.bool_()),
        (lists, TEXT_LIST),
    )
    return tuple((name, kind, _field(name)) for names, kind in kinds for name in names.split())


_TARGETS: dict[type[Effect], _Target] = {
    StationRow: _Target(
        "station",
        ("station",),
        False,
        _columns(
            text="station version make model serial firmware iccid imsi boot_status",
            times="first_seen_at last_seen_at connected_at disconnected_at booted_at",
            integers="heartbeat_s",
            flags="connected",
        ),
    ),
    IntervalRow: _Target(
        "state_interval",
        ("station", "evse", "connector", "started_at"),
        False,
        _columns(
            text="station status error_code vendor_error info",
            times="started_at ended_at",
            integers="evse connector",
        ),
    ),
    LinkRow: _Target(
        "link_interval",
        ("station", "started_at"),
        False,
        _columns(text="station state", times="started_at ended_at"),
    ),
    BlindRow: _Target(
        "blind_interval", ("started_at",), False, _columns(text="reason", times="started_at ended_at")
    ),
    SessionRow: _Target(
        "session",
        ("session_id",),
        False,
        _columns(
            text="session_id station ref token reason outcome",
            times="started_at ended_at",
            integers="evse connector",
            floats="meter_start_wh meter_last_wh energy_wh max_power_w",
        ),
    ),
    IncidentRow: _Target(
        "incident",
        ("incident_id",),
        False,
        (
            *_columns(
                text="incident_id key state scope station site fault side cause owner task severity rule_id"
                " rule_version parent installer customer acknowledged_by assignee overruled_by snoozed_by"
                " route_rule route_why route_party route_gap contract",
                times="pending_at opened_at recovering_at closed_at acknowledged_at escalate_at clock_since"
                " respond_by repair_by responded_at response_breached_at repair_breached_at on_my_way_at"
                " eta_at fixed_at snoozed_until",
                integers="evse connector count bounces",
                floats="confidence operator_s installer_s",
                flags="imminent safety bounced driver_stuck",
                lists="members suppression snooze_wakes",
            ),
            ("evidence", pa.string(), _json_field("evidence")),
            ("route_words", pa.string(), _json_field("route_words")),
            ("escalation", pa.string(), _json_field("escalation")),
            ("updated_at", UTC_MICROSECONDS, lambda row: row.updated_at or row.pending_at),
        ),
    ),
    PlannedRow: _Target(
        "planned_interval",
        ("station", "window_id", "started_at"),
        False,
        _columns(text="station window_id", times="started_at ended_at"),
    ),
    WindowRow: _Target(
        "silence_window",
        ("window_id",),
        False,
        (
            *_columns(text="ended_by ended_why", times="ended_at"),
            *(
                (name, pa.string(), attrgetter(f"window.{path}{name}"))
                for path, names in (
                    ("", "window_id kind why made_by"),
                    ("matcher.", "station site make model firmware installer region fault"),
                )
                for name in names.split()
            ),
            *(
                (name, UTC_MICROSECONDS, attrgetter(f"window.{name}"))
                for name in ("starts_at", "ends_at", "made_at")
            ),
            ("recurrence", pa.string(), lambda row: _json(row.window.recurrence).decode()),
            ("safety", pa.bool_(), attrgetter("window.safety")),
        ),
    ),
    FeedbackRow: _Target(
        "feedback",
        ("incident_id", "actor"),
        False,
        (
            *_columns(text="incident_id verdict side text"),
            ("happened_at", UTC_MICROSECONDS, _field("at")),
            ("actor", pa.string(), _field("by")),
        ),
    ),
    FirstAidRow: _Target(
        "first_aid",
        ("try_id",),
        False,
        (
            *_columns(
                text="try_id incident_id station fault policy outcome detail",
                times="asked_at expires_at answered_at ended_at",
                integers="evse connector",
                flags="cleared",
            ),
            ("remedy", pa.string(), _field("do")),
        ),
    ),
    SubscriptionRow: _Target(
        "subscription",
        ("subscription_id",),
        False,
        _columns(
            text="subscription_id email party language",
            times="changed_at",
            flags="active",
            lists="stations kinds",
        ),
    ),
    IncidentEventRow: _Target(
        "incident_event",
        ("incident_id", "n"),
        True,
        (
            *_columns(text="incident_id event", integers="n"),
            ("happened_at", UTC_MICROSECONDS, _field("at")),
            ("actor", pa.string(), _field("by")),
            ("detail", pa.string(), _json_field("detail")),
        ),
    ),
}


_ITEM = ("dedup_key", "incident_id", "destination", "seq", "reason", "place")


def write_effects(
    cursor: duckdb.DuckDBPyConnection,
    effects: Sequence[Effect],
    rendered: Mapping[str, Rendered] | None = None,
) -> None:
    """Upserts `effects` within the caller's transaction.

    `rendered` maps a notice's dedup_key to its `Rendered`. Raises TypeError for an unknown effect.
    """
    by_kind: dict[type[Effect], list[Effect]] = {}
    for effect in effects:
        by_kind.setdefault(type(effect), []).append(effect)
    note_changes(cursor, by_kind)
    notices = by_kind.pop(NoticeRow, [])
    properties = [row for row in by_kind.pop(PropertyRow, []) if isinstance(row, PropertyRow)]
    for kind, rows in by_kind.items():
        target = _TARGETS.get(kind)
        if target is None:
            raise TypeError(f"no table takes the effect {kind.__name__}")
        _upsert(cursor, target, rows)
    if properties:
        write_properties(cursor, properties)
    ended = [row for row in by_kind.get(SubscriptionRow, []) if isinstance(row, SubscriptionRow)]
    if ended:
        _call_off(cursor, [row.subscription_id for row in ended if not row.active])
    if notices:
        _upsert(cursor, _notice_target(rendered or {}), notices)
        _write_items(cursor, [notice for notice in notices if isinstance(notice, NoticeRow)])


def _write_items(cursor: duckdb.DuckDBPyConnection, notices: Sequence[NoticeRow]) -> None:
    seen = {notice.dedup_key: notice for notice in reversed(notices)}  # the first of a key stays
    rows = [
        (notice.dedup_key, item.incident_id, notice.destination, item.seq, item.reason.value, place)
        for notice in seen.values()
        for place, item in enumerate(notice.told)
    ]
    batch = pa.table(
        {
            name: pa.array(values, pa.int32() if name in ("seq", "place") else pa.string())
            for name, values in zip(_ITEM, zip(*rows, strict=True), strict=True)
        }
    )
    insert_table(cursor, "notice_item", batch, "ON CONFLICT DO NOTHING")


def _call_off(cursor: duckdb.DuckDBPyConnection, subscriptions: Sequence[str]) -> None:
    """Whoever wants no more messages gets none that waits."""
    cursor.execute(
        "UPDATE notice SET state = 'superseded' WHERE state = 'queued' AND destination IN "
        "(SELECT $lane || '/' || unnest($keys))",
        {"lane": LANE, "keys": list(subscriptions)},
    )


def _notice_target(rendered: Mapping[str, Rendered]) -> _Target:
    def part(index: int) -> Callable[[Any], Any]:
        def read(row: Any) -> str | None:
            texts = rendered.get(row.dedup_key)
            return texts[index] if texts and index < len(texts) else None

        return read

    return _Target(
        "notice",
        ("dedup_key",),
        True,
        (
            *_columns(
                text="dedup_key incident_id destination party reason suppressed",
                times="not_before created_at",
                integers="seq",
            ),
            ("window_id", pa.string(), lambda row: row.work.window_id if row.work else None),
            ("stations", TEXT_LIST, lambda row: row.work.stations if row.work else None),
            ("state", pa.string(), lambda row: "suppressed" if row.suppressed else "queued"),
            ("attempts", pa.int32(), lambda row: 0),
            ("language", pa.string(), part(0)),
            ("subject", pa.string(), part(1)),
            ("body", pa.string(), part(2)),
            ("payload", pa.string(), part(3)),
        ),
    )


def _upsert(cursor: duckdb.DuckDBPyConnection, target: _Target, rows: Sequence[Effect]) -> None:
    # ON CONFLICT cannot touch one row twice within a statement, so only one effect per key goes in:
    # the last where rows are replaced, the first where an existing row stays.
    chosen: dict[tuple[Any, ...], Effect] = {}
    readers = [read for name, _kind, read in target.columns if name in target.key]
    for row in rows:
        key = tuple(read(row) for read in readers)
        if not (target.once and key in chosen):
            chosen[key] = row
    last = list(chosen.values())
    batch = pa.table(
        {name: pa.array([read(row) for row in last], kind) for name, kind, read in target.columns}
    )
    names = [name for name, _kind, _read in target.columns]
    if target.once:
        action = "NOTHING"
    else:
        changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in target.key)
        action = f"UPDATE SET {changes}"
    insert_table(cursor, target.table, batch, f"ON CONFLICT ({', '.join(target.key)}) DO {action}")
