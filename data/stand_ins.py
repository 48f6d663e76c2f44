"""Who gets a notice in the stead of a destination that could not be reached, and that fault's end after it.

Decides that whoever was told of an opening in another's stead is told of its end, once, in whatever message
that end travels. Works inside the outbox's transactions only; must never send anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

import duckdb
import msgspec

from data.rows import naive_utc

# (language, subject of the opening as the stand-in had it) -> subject and body of its end
Ended = Callable[[str, str], tuple[str, str]]

_RESOLVES = """
WITH ending AS MATERIALIZED (
    SELECT dedup_key, incident_id, seq, destination FROM notice_item
    WHERE reason = 'resolved' AND dedup_key IN (SELECT unnest($keys))
), opening AS MATERIALIZED (
    SELECT notice.dedup_key, item.incident_id, item.seq, notice.destination
    FROM notice JOIN notice_item AS item USING (dedup_key)
    WHERE state = 'dead' AND item.incident_id IN (SELECT incident_id FROM ending)
)
SELECT DISTINCT ending.dedup_key AS old_key, stand_in.destination, stand_in.party
FROM ending
JOIN opening ON opening.incident_id = ending.incident_id AND opening.destination = ending.destination
            AND opening.seq < ending.seq
JOIN notice AS stand_in ON stand_in.dedup_key = opening.dedup_key || '~' || stand_in.destination
"""
# Ends that do go out to who could not be reached: their message says more, or something of theirs arrived. A
# stand-in that hears of the incident by itself is told of its end by itself.
_OTHER_ENDS = """
WITH ending AS MATERIALIZED (
    SELECT notice.dedup_key, item.incident_id, item.seq
    FROM notice JOIN notice_item AS item USING (dedup_key)
    WHERE notice.destination = $destination AND state = 'queued' AND item.reason = 'resolved'
      AND NOT list_contains($moot::VARCHAR[], notice.dedup_key)
), opening AS MATERIALIZED (
    SELECT notice.dedup_key, item.incident_id, item.seq
    FROM notice JOIN notice_item AS item USING (dedup_key)
    WHERE notice.destination = $destination AND state = 'dead'
      AND item.incident_id IN (SELECT incident_id FROM ending)
)
SELECT any_value(ending.dedup_key), ending.incident_id, max(ending.seq), stand_in.destination,
       any_value(stand_in.party), any_value(coalesce(stand_in.language, 'nl')),
       arg_max(coalesce(stand_in.subject, ''), stand_in.seq)
FROM ending
JOIN opening ON opening.incident_id = ending.incident_id AND opening.seq < ending.seq
JOIN notice AS stand_in ON stand_in.dedup_key = opening.dedup_key || '~' || stand_in.destination
WHERE NOT EXISTS (
    SELECT 1 FROM notice_item AS told JOIN notice AS own USING (dedup_key)
    WHERE told.destination = stand_in.destination AND told.incident_id = ending.incident_id
      AND own.state != 'suppressed' AND (told.reason = 'resolved' OR NOT contains(own.dedup_key, '~')))
GROUP BY ending.incident_id, stand_in.destination
"""
_END = """
INSERT INTO notice BY NAME
SELECT $key AS dedup_key, $incident AS incident_id, $to AS destination, $party AS party, $seq AS seq,
       'resolved' AS reason, $language AS language, $subject AS subject, $body AS body, 'queued' AS state,
       0 AS attempts, $now AS not_before, $now AS created_at
ON CONFLICT (dedup_key) DO NOTHING
"""
_END_ITEM = """
INSERT INTO notice_item BY NAME
SELECT $key AS dedup_key, $incident AS incident_id, $to AS destination, $seq AS seq, 'resolved' AS reason,
       0 AS place
ON CONFLICT DO NOTHING
"""
_AS_IT_IS = """
INSERT INTO notice BY NAME
SELECT dedup_key || '~' || $to AS dedup_key, incident_id, $to AS destination, $party AS party, seq, reason,
       language, subject, body, 'queued' AS state, 0 AS attempts, not_before, created_at
FROM notice WHERE dedup_key = $key
ON CONFLICT (dedup_key) DO NOTHING
"""
_FORWARD = """
INSERT INTO notice BY NAME
SELECT dedup_key || '~' || $to AS dedup_key, incident_id, $to AS destination, $party AS party, seq, reason,
       $language AS language, $subject AS subject, $body AS body, 'queued' AS state, 0 AS attempts,
       $now AS not_before, $now AS created_at
FROM notice WHERE dedup_key = $key
ON CONFLICT (dedup_key) DO NOTHING
"""
_ITEMS = """
INSERT INTO notice_item BY NAME
SELECT dedup_key || '~' || $to AS dedup_key, incident_id, $to AS destination, seq, reason, place
FROM notice_item WHERE dedup_key = $key
ON CONFLICT DO NOTHING
"""


class Forward(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets a notice that could not be delivered, and in which words. Its key: the old one with `~to`."""

    to: str
    party: str
    language: str
    subject: str
    body: str


def forward(cursor: duckdb.DuckDBPyConnection, key: str, given: Forward, now: datetime) -> None:
    """Queues the notice `key` for its stand-in. `now` is aware UTC."""
    cursor.execute(_FORWARD, msgspec.structs.asdict(given) | {"key": key, "now": naive_utc(now)})
    cursor.execute(_ITEMS, {"to": given.to, "key": key})


def forward_ends(
    cursor: duckdb.DuckDBPyConnection,
    destination: str,
    moot: Collection[str],
    ended: Ended | None,
    now: datetime,
) -> None:
    """Queues the ends that wait for `destination` for who got their openings in its stead: those of `moot` as
    they are, for they go nowhere else; of all others a notice of its own in the words of `ended`, and none
    without it."""
    if moot:
        for key, to, party in cursor.execute(_RESOLVES, {"keys": sorted(moot)}).fetchall():
            cursor.execute(_AS_IT_IS, {"key": key, "to": to, "party": party})
            cursor.execute(_ITEMS, {"key": key, "to": to})
    if ended is None:
        return
    found = cursor.execute(_OTHER_ENDS, {"destination": destination, "moot": sorted(moot)}).fetchall()
    for old_key, incident, seq, to, party, language, subject in found:
        # Not the key that the whole message would get if it had to be forwarded in its turn.
        about = {"key": f"{old_key}~{to}~{incident}", "incident": incident, "to": to, "seq": seq}
        words = dict(zip(("subject", "body"), ended(language, subject), strict=True))
        cursor.execute(_END, about | words | {"party": party, "language": language, "now": naive_utc(now)})
        cursor.execute(_END_ITEM, about)
