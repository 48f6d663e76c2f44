"""Links that let an installer in once, from a message, without a password; and the sessions that they open.

Decides whether a link is good, used or expired, and which incidents a session may act on. Must never keep a
link or a session's token in clear: the database, its backups and its readers hold SHA-256 sums only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import duckdb
import msgspec

from data.rows import naive_utc
from data.store import Store

# A fresh link for the same notice: at most this often, and this many altogether.
FRESH_EVERY = timedelta(minutes=5)
FRESH_MOST = 5
FRESH_REASON = "link"
_TAKEN_BACK = "revoked"  # in the place of a session: no sum of a token looks like this
# What is over is forgotten after this long: until then an old message still leads to a fresh link.
KEEP = timedelta(days=30)

_LINK = "dedup_key, incidents, destination, party, language, expires_at, used_at, token_hash, session_hash"


class LinkState(StrEnum):
    GOOD = "good"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """`party` is the installer's name as in the register. `incidents`: the gravest first. Instants are aware
    UTC."""

    dedup_key: str
    incidents: tuple[str, ...]
    destination: str
    party: str
    language: str
    expires_at: datetime
    used_at: datetime | None
    token_hash: str
    session_hash: str | None

    def state(self, now: datetime) -> LinkState:
        if self.session_hash == _TAKEN_BACK:
            return LinkState.REVOKED
        if self.used_at is not None:
            return LinkState.USED
        return LinkState.GOOD if now < self.expires_at else LinkState.EXPIRED


class LinkSession(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a session stands for, and the incidents it may act on: those whose links it used."""

    party: str
    language: str
    expires_at: datetime
    incidents: tuple[str, ...]


class Fresh(StrEnum):
    """What became of asking for a fresh link."""

    SENT = "sent"
    WAIT = "wait"
    OVER = "over"  # no more for this message


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def issue(
    store: Store,
    token: str,
    *,
    dedup_key: str,
    incidents: Sequence[str],
    destination: str,
    party: str,
    language: str,
    expires_at: datetime,
) -> None:
    """`token` is good from now on. For one that went out before only the end is moved; used stays used."""
    row = [digest(token), dedup_key, list(incidents), destination, party, language, naive_utc(expires_at)]
    old = naive_utc(expires_at - KEEP)

    def job(cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute("DELETE FROM magic_link WHERE expires_at < ?", [old])
        cursor.execute(
            "INSERT INTO magic_link VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)"
            " ON CONFLICT (token_hash) DO UPDATE SET expires_at = excluded.expires_at",
            row,
        )

    store.transact(job, ordered=False)


def find(store: Store, token: str) -> Link | None:
    """The link of `token`, whatever its state."""
    wanted = digest(token)
    found = store.sql(f"SELECT {_LINK} FROM magic_link WHERE token_hash = ?", [wanted])
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    link = Link(**{**row, "incidents": tuple(row["incidents"])})
    return link if hmac.compare_digest(link.token_hash, wanted) else None


def redeem(
    store: Store, token: str, *, now: datetime, lasts: timedelta, before: str | None = None
) -> tuple[str, datetime] | None:
    """Uses the link up and opens a session: (its token, its end in UTC). None when the link is not good.

    `before`: the token of a session that the same browser holds. Of the same installer, what it may do moves
    to the new one; either way it ends.
    """
    session, ends = secrets.token_urlsafe(32), now + lasts
    opened, ended = digest(session), digest(before or "")

    def job(cursor: duckdb.DuckDBPyConnection) -> bool:
        used = cursor.execute(
            "UPDATE magic_link SET used_at = ?, session_hash = ?"
            " WHERE token_hash = ? AND used_at IS NULL AND expires_at > ? RETURNING party, language",
            [naive_utc(now), opened, digest(token), naive_utc(now)],
        ).fetchone()
        if used is None:
            return False
        cursor.execute(
            "UPDATE magic_link SET session_hash = ? WHERE session_hash = ? AND party = ? AND EXISTS ("
            "SELECT 1 FROM magic_session s WHERE s.token_hash = ? AND s.expires_at > ?)",
            [opened, ended, used[0], ended, naive_utc(now)],
        )
        cursor.execute(
            "DELETE FROM magic_session WHERE token_hash = ? OR expires_at <= ?", [ended, naive_utc(now)]
        )
        cursor.execute(
            "INSERT INTO magic_session VALUES (?, ?, ?, ?, ?)",
            [opened, *used, naive_utc(now), naive_utc(ends)],
        )
        return True

    return (session, ends) if store.transact(job, ordered=False) else None


def session(store: Store, token: str, now: datetime) -> LinkSession | None:
    """What this session may do; None when it is unknown or over."""
    found = store.sql(
        "SELECT party, language, expires_at, list(DISTINCT incident ORDER BY incident) AS incidents FROM ("
        " SELECT s.party, s.language, s.expires_at, unnest(l.incidents) AS incident"
        " FROM magic_session s JOIN magic_link l ON l.session_hash = s.token_hash"
        " WHERE s.token_hash = ? AND s.expires_at > ?) GROUP BY ALL",
        [digest(token), naive_utc(now)],
    )
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    return LinkSession(**{**row, "incidents": tuple(row["incidents"])})


def lost(store: Store, party: str, incidents: Sequence[str]) -> set[str]:
    """Those of `incidents` that were this installer's to act on and are another's now. Who was merely
    informed of one loses nothing by its moving between others."""
    mine = f"installer:{party}"
    found = store.sql(
        "SELECT i.incident_id FROM incident i WHERE i.incident_id IN (SELECT unnest(?))"
        " AND lower(i.route_party) != lower(?) AND EXISTS ("
        "  SELECT 1 FROM incident_event e WHERE e.incident_id = i.incident_id AND e.event = 'routed'"
        "  AND lower(json_extract_string(e.detail, '$.from')) = lower(?))",
        [list(incidents), mine, mine],
    )
    return set(found["incident_id"].to_list())


def revoke(store: Store, *, now: datetime, incident: str | None = None, party: str | None = None) -> int:
    """Takes back the links that lead to `incident` or were sent to `party` (both given: to both) and what
    their sessions may do by them; for good, also where a message is sent again. How many could still be used
    or were in use. Raises ValueError when neither is given."""
    if incident is None and party is None:
        raise ValueError("name an incident or a party")

    def job(cursor: duckdb.DuckDBPyConnection) -> int:
        meant = (
            "($incident IS NULL OR list_contains(incidents, $incident))"
            " AND ($party IS NULL OR lower(party) = lower($party)) AND session_hash IS DISTINCT FROM $mark"
        )
        values = {"incident": incident, "party": party, "mark": _TAKEN_BACK}
        live = cursor.execute(
            f"SELECT count(*) FROM magic_link WHERE {meant} AND"
            " (used_at IS NULL AND expires_at > $now OR session_hash IN"
            " (SELECT token_hash FROM magic_session WHERE expires_at > $now))",
            values | {"now": naive_utc(now)},
        ).fetchone()
        cursor.execute(
            f"UPDATE magic_link SET used_at = coalesce(used_at, $now), session_hash = $mark WHERE {meant}",
            values | {"now": naive_utc(now)},
        )
        return int(live[0]) if live else 0

    return store.transact(job, ordered=False)


def close(store: Store, token: str) -> None:
    """Ends a session; one that is unknown is ended already."""
    ended = [digest(token)]
    store.transact(lambda cursor: cursor.execute("DELETE FROM magic_session WHERE token_hash = ?", ended))


def ask_fresh(store: Store, link: Link, *, head: tuple[str, str], now: datetime) -> Fresh:
    """Queues the notice of `link` once more, so that it goes out with a link of its own, to where it went.

    `head`: what stands before its subject, and before its text.
    """
    first = _AGAIN_MARK.sub("", link.dedup_key)

    def job(cursor: duckdb.DuckDBPyConnection) -> Fresh:
        times, last = cursor.execute(
            "SELECT count(*), max(created_at) FROM notice WHERE starts_with(dedup_key, ? || '+')", [first]
        ).fetchone() or (0, None)
        if last is not None and naive_utc(now) < last + FRESH_EVERY:
            return Fresh.WAIT
        if times >= FRESH_MOST:
            return Fresh.OVER
        cursor.execute(
            _AGAIN,
            {
                "first": first,
                "n": times + 1,
                "now": naive_utc(now),
                "reason": FRESH_REASON,
                "subject": head[0],
                "body": head[1],
            },
        )
        cursor.execute(_AGAIN_ITEMS, {"first": first, "n": times + 1, "reason": FRESH_REASON})
        return Fresh.SENT

    return store.transact(job, ordered=False)


_AGAIN_MARK = re.compile(r"\+\d+$")
_AGAIN = """
INSERT INTO notice BY NAME
SELECT dedup_key || '+' || $n AS dedup_key, incident_id, destination, party, seq, $reason AS reason, language,
       $subject || ' ' || subject AS subject, $body || chr(10) || chr(10) || body AS body, 'queued' AS state,
       0 AS attempts, $now AS not_before, $now AS created_at
FROM notice WHERE dedup_key = $first
ON CONFLICT (dedup_key) DO NOTHING
"""
_AGAIN_ITEMS = """
INSERT INTO notice_item BY NAME
SELECT dedup_key || '+' || $n AS dedup_key, incident_id, destination, seq, $reason AS reason, place
FROM notice_item WHERE dedup_key = $first
ON CONFLICT DO NOTHING
"""
