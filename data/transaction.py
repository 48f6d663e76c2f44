"""One transaction: all of a job, or nothing of it. Decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import duckdb

from data import arrivals, uptime_stale

log = logging.getLogger(__name__)

T = TypeVar("T")


def in_transaction(cursor: duckdb.DuckDBPyConnection, job: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
    """Runs `job(cursor)`, commits, and returns its result; raises what it or the commit raises."""
    cursor.execute("BEGIN TRANSACTION")
    try:
        result = job(cursor)
        cursor.execute("COMMIT")
    except BaseException:
        try:
            cursor.execute("ROLLBACK")
        except duckdb.Error as error:
            # A failed COMMIT has ended the transaction already; the first error is the one to tell.
            log.debug("nothing to roll back: %s", error)
        arrivals.forget(cursor)
        uptime_stale.forget(cursor)
        raise
    return result
