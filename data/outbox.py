"""The outbox's rows: which notice a destination gets next, and what became of the last one.

Decides order and superseding, both in one transaction so that no crash can break them. For each incident and
destination notices go out in the order of `seq`; a resolve whose opening was never sent takes the opening
with it, where neither notice says anything else, and so does the end of planned work that nobody heard of.
Must never send anything, nor hand out one notice twice while its lease lasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import duckdb
import msgspec

from data import stand_ins
from data.rows import naive_utc
from data.stand_ins import Ended, Forward
from data.store import Store


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A notice handed out for one attempt. `attempts` counts this attempt too.

    `last_class`: how the earlier attempts are remembered; `unknown` means that one may have arrived.
    `payload`: facts as JSON, for a destination that takes them.
    """

    dedup_key: str
    incident_id: str
    destination: str
    seq: int
    reason: str
    language: str | None
    subject: str | None
    body: str | None
    attempts: int
    last_class: str | None
    created_at: datetime
    payload: str | None = None


ENDS = ("resolved", "called_off")
# Only incidents that have something waiting here matter: few, while the table holds years of sent notices.
_STORY = """
WITH waiting AS MATERIALIZED (
    SELECT DISTINCT item.incident_id FROM notice JOIN notice_item AS item USING (dedup_key)
    WHERE notice.destination = $destination AND state = 'queued'
), story AS MATERIALIZED (
    SELECT dedup_key, item.incident_id, item.seq, item.reason, state, last_class, not_before, created_at
    FROM notice JOIN notice_item AS item USING (dedup_key)
    WHERE notice.destination = $destination AND item.incident_id IN (SELECT incident_id FROM waiting)
)
"""
_TOLD = f"""{_STORY}
SELECT dedup_key, incident_id, seq, reason, state,
       state IN ('sent', 'leased') OR coalesce(last_class, '') = 'unknown' AS heard
FROM story
"""
_SUPERSEDE = (
    "UPDATE notice SET state = 'superseded' WHERE state = 'queued' AND dedup_key IN (SELECT unnest($keys))"
)
_NEXT = f"""{_STORY}
SELECT dedup_key FROM story
GROUP BY dedup_key
HAVING any_value(state) = 'queued' AND any_value(not_before) <= $now
   AND NOT bool_or(EXISTS (
      SELECT 1 FROM story AS earlier
      WHERE earlier.incident_id = story.incident_id AND earlier.seq < story.seq
        AND earlier.state IN ('queued', 'leased')))
ORDER BY any_value(created_at), min(seq), dedup_key
LIMIT 1
"""
_LEASE = """
UPDATE notice SET state = 'leased', lease_until = $until, attempts = attempts + 1
WHERE dedup_key = $key AND state = 'queued'
RETURNING dedup_key, incident_id, destination, seq, reason, language, subject, body, attempts, last_class,
          created_at, payload
"""
_MARK = """
UPDATE notice
SET state = $state, last_class = $kind, last_code = $code, last_detail = $detail, lease_until = NULL,
    not_before = coalesce($not_before, not_before), channel = coalesce($channel, channel),
    sent_at = CASE WHEN $state = 'sent' THEN $now END
WHERE dedup_key = $key AND state = 'leased'
RETURNING destination, attempts
"""
# Proof of notice: what every single attempt came to.
_ATTEMPT = """
INSERT INTO notice_attempt VALUES ($key, $attempt, $now, $kind, $code, $detail) ON CONFLICT DO NOTHING
"""
_ATTEMPTS_LOST = """
INSERT INTO notice_attempt SELECT dedup_key, attempts, $now, last_class, NULL, last_detail
FROM notice WHERE dedup_key IN (SELECT unnest($keys)) ON CONFLICT DO NOTHING
"""
_HEALTHY = """
INSERT INTO destination_health BY NAME
SELECT $destination AS destination, $now AS last_ok_at, $kind AS last_class, $detail AS last_detail,
       0 AS consecutive_failures
ON CONFLICT (destination) DO UPDATE SET last_ok_at = excluded.last_ok_at, last_class = excluded.last_class,
    last_detail = excluded.last_detail, consecutive_failures = 0
"""
_FAILING = """
INSERT INTO destination_health BY NAME
SELECT $destination AS destination, $now AS last_error_at, $kind AS last_class, $detail AS last_detail,
       1 AS consecutive_failures
ON CONFLICT (destination) DO UPDATE SET last_error_at = excluded.last_error_at,
    last_class = excluded.last_class, last_detail = excluded.last_detail,
    consecutive_failures = destination_health.consecutive_failures + 1
"""
_RELEASE = """
UPDATE notice SET state = 'queued', lease_until = NULL, last_class = 'unknown',
    last_detail = 'the sender stopped during the attempt; it may have arrived'
WHERE state = 'leased' AND ($everything OR lease_until <= $now)
RETURNING dedup_key
"""


def claim(
    store: Store, destination: str, now: datetime, lease_s: float, *, ended: Ended | None = None
) -> Claimed | None:
    """The next notice due at `now` (UTC) for `destination`, leased for `lease_s` seconds; or None. `ended`
    words the end of a fault for who heard of it in this destination's stead."""

    def job(cursor: duckdb.DuckDBPyConnection) -> Claimed | None:
        if ends:
            _drop_unheard(cursor, destination, ended, now)
        found = cursor.execute(_NEXT, {"destination": destination, "now": naive_utc(now)}).fetchone()
        if found is None:
            return None
        until = naive_utc(now + timedelta(seconds=lease_s))
        row = cursor.execute(_LEASE, {"key": found[0], "until": until}).fetchone()
        return _claimed(row) if row else None

    waiting, ends = _waiting(store, destination)
    if not waiting:
        return None
    return store.transact(job, ordered=False)


def mark(
    store: Store,
    dedup_key: str,
    *,
    state: str,
    kind: str,
    code: int | None,
    detail: str,
    now: datetime,
    not_before: datetime | None = None,
    forward: Forward | None = None,
    channel: str | None = None,
) -> bool:
    """Writes the outcome of an attempt; False when the notice is no longer leased (then nothing changes).

    `state` is sent, queued or dead; `kind` is sent, transient, permanent or unknown; `detail` must be
    redacted. `not_before` (UTC) is for `queued`. `forward`, for `dead`: who gets it instead, queued
    in the same transaction. `channel`: the kind of service, never an address.
    """

    def job(cursor: duckdb.DuckDBPyConnection) -> bool:
        at = naive_utc(now)
        values: dict[str, Any] = {"state": state, "kind": kind, "code": code, "detail": detail, "now": at}
        later = naive_utc(not_before) if not_before else None
        row = cursor.execute(
            _MARK, values | {"key": dedup_key, "not_before": later, "channel": channel}
        ).fetchone()
        if row is None:
            return False
        del values["state"]
        cursor.execute(_ATTEMPT, values | {"key": dedup_key, "attempt": row[1]})
        # Customers who subscribed share one way out: its health is one.
        health = {"destination": str(row[0]).partition("/")[0], "now": at, "kind": kind, "detail": detail}
        cursor.execute(_HEALTHY if kind == "sent" else _FAILING, health)
        if forward is not None:
            stand_ins.forward(cursor, dedup_key, forward, now)
        return True

    return store.transact(job, ordered=False)


def release_expired(store: Store, now: datetime, *, everything: bool = False) -> list[str]:
    """Queues again what was leased by a sender that is gone, in doubt whether it arrived; the keys.

    `everything` (at the start of the only owner): whoever held a lease is dead, however long it had to run.
    """

    def job(cursor: duckdb.DuckDBPyConnection) -> list[str]:
        at = naive_utc(now)
        rows = cursor.execute(_RELEASE, {"everything": everything, "now": at}).fetchall()
        keys = [row[0] for row in rows]
        if keys:
            cursor.execute(_ATTEMPTS_LOST, {"keys": keys, "now": at})
        return keys

    return store.transact(job, ordered=False)


def _waiting(store: Store, destination: str) -> tuple[bool, bool]:
    """Whether notices wait, and whether ends are among them. A look without the writer's turn: lanes ask
    often and mostly in vain."""
    waits = "FROM notice WHERE destination = ? AND state = 'queued'"
    if not store.sql(f"SELECT 1 {waits} LIMIT 1", [destination]).height:
        return False, False
    ends = f"SELECT 1 FROM notice_item WHERE reason IN {ENDS} AND dedup_key IN (SELECT dedup_key {waits})"
    return True, store.sql(f"{ends} LIMIT 1", [destination]).height > 0


def _drop_unheard(
    cursor: duckdb.DuckDBPyConnection, destination: str, ended: Ended | None, now: datetime
) -> None:
    rows = cursor.execute(_TOLD, {"destination": destination}).fetchall()
    unheard = sorted(unheard_keys([Line(*row) for row in rows]))
    stand_ins.forward_ends(cursor, destination, unheard, ended, now)
    if unheard:
        cursor.execute(_SUPERSEDE, {"keys": unheard})


class Line(NamedTuple):
    """What one notice says of one incident. `heard`: it arrived, or may have, or is on its way."""

    dedup_key: str
    incident_id: str
    seq: int
    reason: str
    state: str
    heard: bool


def unheard_keys(story: Sequence[Line]) -> set[str]:
    """Queued notices that say only what ended before any of it was heard.

    An opening that certainly never left needs no resolve, so neither goes out. An attempt in doubt may have
    arrived and counts as heard. Where a notice also says something else it goes out whole, and then the
    ends of all that it opens follow.
    """
    heard = {line.incident_id for line in story if line.heard}
    ends: dict[str, int] = {}
    for line in story:
        if line.reason in ENDS and line.state == "queued" and line.incident_id not in heard:
            ends[line.incident_id] = max(line.seq, ends.get(line.incident_id, line.seq))
    queued = [line for line in story if line.state == "queued"]
    while True:
        moot = {line.dedup_key for line in queued}
        moot -= {line.dedup_key for line in queued if line.seq > ends.get(line.incident_id, -1)}
        told = {line.incident_id for line in queued if line.dedup_key not in moot} & ends.keys()
        if not told:
            return moot
        for incident_id in told:
            del ends[incident_id]


def _claimed(row: tuple[Any, ...]) -> Claimed:
    values = dict(zip(Claimed.__struct_fields__, row, strict=True))
    values["created_at"] = values["created_at"].replace(tzinfo=UTC)
    return Claimed(**values)
