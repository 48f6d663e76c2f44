"""Adds up whole days of uptime into uptime_day, and again where intervals changed afterwards.

Decides only how much at a time. Must never add up a day that is not over, and never keep a row that
adding up the intervals would not give: what is noted as stale is made anew in the transaction that drops the
note.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

import duckdb

from data.named_queries import query_part
from data.scope import EVERY_STATION
from data.store import Store
from data.uptime_stale import BRUSSELS

log = logging.getLogger(__name__)

# Days of stations in one transaction: about a quarter of a second, in which nothing else is written.
STEP = 10_000
# What a day's last records need to come in and be judged; later ones only cost adding up again.
SETTLES = timedelta(minutes=15)
LOOK_EVERY_S = 60.0

_INSTANT = "timezone('UTC', timezone('Europe/Brussels', ({})::TIMESTAMP))"
_DAY = "timezone('Europe/Brussels', timezone('UTC', {}))::DATE"
_STALE_DAYS = f"""
SELECT DISTINCT f.station, r.day
FROM (SELECT station, min(started_at) AS a, max(ended_at) AS z
      FROM uptime_stale GROUP BY station, started_at::DATE) s
JOIN uptime_rolled r ON s.a < {_INSTANT.format("r.day + 1")} AND s.z > {_INSTANT.format("r.day")}
JOIN ({EVERY_STATION}) f ON s.station IS NULL OR s.station = f.station
"""
_BORN = """
SELECT least((SELECT min(started_at) FROM state_interval), (SELECT min(started_at) FROM link_interval),
             (SELECT min(started_at) FROM planned_interval))
"""
# One stretch of time, from the first piece to the last.
_REACH = """
reach AS MATERIALIZED (
    SELECT min(a) AS lo1, max(z) AS hi1, max(z) AS lo2, max(z) AS hi2, max(z) AS lo3, min(a) AS hi3 FROM todo
),
restless AS (SELECT station FROM todo WHERE false)
"""


def last_whole_day(now: datetime) -> date:
    """The newest day, in Brussels, that is over and settled."""
    return (now - SETTLES).astimezone(BRUSSELS).date() - timedelta(days=1)


def roll(store: Store, now: datetime, step: int = STEP) -> int:
    """Adds up a bounded part of what is missing or stale, newest first.

    Returns the days of stations done, 0 when nothing is left to do.
    """
    return store.transact(
        lambda cursor: _again(cursor, step) or _new_days(cursor, last_whole_day(now), step), ordered=False
    )


def _again(cursor: duckdb.DuckDBPyConnection, step: int) -> int:
    """Stale days, from the newest back to one day; notes then end there."""
    if cursor.execute("SELECT 1 FROM uptime_stale LIMIT 1").fetchone() is None:
        return 0
    found = cursor.execute(
        "SELECT min(day) FILTER (before < ?) FROM ("
        "SELECT day, sum(count(*)) OVER (ORDER BY day DESC) - count(*) AS before"
        f" FROM ({_STALE_DAYS}) GROUP BY day)",
        [step],
    ).fetchone()
    since = found[0] if found else None
    if since is None:
        # Days that were never added up need no note.
        cursor.execute("DELETE FROM uptime_stale")
        return 0
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE uptime_todo AS SELECT * FROM ({_STALE_DAYS}) WHERE day >= ?", [since]
    )
    done = _add_up(cursor)
    cut = cursor.execute(f"SELECT {_INSTANT.format('?::DATE')}", [since]).fetchone()
    cursor.execute("DELETE FROM uptime_stale WHERE started_at >= $cut", {"cut": cut[0] if cut else None})
    cursor.execute(
        "UPDATE uptime_stale SET ended_at = least(ended_at, $cut)", {"cut": cut[0] if cut else None}
    )
    return done


def _new_days(cursor: duckdb.DuckDBPyConnection, newest: date, step: int) -> int:
    """Days that were never added up, back to the first of which anything is known."""
    row = cursor.execute(f"SELECT count(*) FROM ({EVERY_STATION})").fetchone()
    fleet = max(1, row[0] if row else 0)
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE uptime_todo AS SELECT station, day FROM ({EVERY_STATION}), ("
        f"SELECT unnest(generate_series({_DAY.format('born')}, $newest, INTERVAL 1 DAY))::DATE AS day"
        f" FROM ({_BORN}) b(born) WHERE born IS NOT NULL"
        " EXCEPT SELECT day FROM uptime_rolled ORDER BY day DESC LIMIT $most)",
        {"newest": newest, "most": max(1, step // fleet)},
    )
    done = _add_up(cursor)
    cursor.execute("INSERT INTO uptime_rolled SELECT DISTINCT day FROM uptime_todo")
    return done


def _add_up(cursor: duckdb.DuckDBPyConnection) -> int:
    """The days of stations in uptime_todo anew."""
    cursor.execute(
        "DELETE FROM uptime_day USING uptime_todo t"
        " WHERE uptime_day.station = t.station AND uptime_day.day = t.day"
    )
    part = query_part("uptime_pieces").rstrip().rstrip(",")
    cursor.execute(
        "INSERT INTO uptime_day BY NAME WITH todo AS MATERIALIZED ("
        f"SELECT station, day, {_INSTANT.format('day')} AS a, {_INSTANT.format('day + 1')} AS z"
        " FROM uptime_todo),"
        f" {_REACH}, {part} SELECT * FROM pieces ORDER BY day"
    )
    row = cursor.execute("SELECT count(*) FROM uptime_todo").fetchone()
    return row[0] if row else 0


class UptimeUpkeep:
    """A thread that keeps uptime_day complete. It rests as long as it worked: others get their turn."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="uptime-upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the step under way. Safe to call before `start`."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        wait = 0.0
        while not self._ending.wait(wait):
            began = time.monotonic()
            try:
                done = roll(self._store, self._clock())
            except duckdb.Error:
                # Readers add up the intervals themselves meanwhile.
                log.exception("days of uptime could not be added up; tried again in a minute")
                done = 0
            wait = time.monotonic() - began if done else LOOK_EVERY_S
