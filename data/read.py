"""The read door's client side: named queries, run in the owner process over Quack, within the asker's scope.

Decides nothing about data. Must never send text that is not a named query with its values as literals, and
never let the caller choose what is visible: the scope does.
"""

from __future__ import annotations

import queue
import threading
import time
import weakref
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

import duckdb
import polars as pl

from data.errors import OwnerDown, QueryRefused
from data.extensions import load_extensions
from data.literals import literal
from data.named_queries import named_query
from data.results import table_of
from data.scope import HELPDESK, Scope, visible_select

__all__ = ["HELPDESK", "OwnerDown", "QueryRefused", "ReadDoor", "Scope", "read_url"]

# Simultaneous queries of this process: more would only queue within the owner.
LANES = 16
# How long `close` waits for lanes that are still asking.
LEAVE_AFTER_S = 2.0


def read_url(port: int) -> str:
    """The owner's read door on this machine."""
    return f"quack:localhost:{port}"


class ReadDoor:
    """One attachment per process, a cursor per lane. Safe from any thread; connects at the first query.

    `timeout_s`: how long one query may take, all in, before the owner counts as down. Quack itself waits for
    ever for an owner that is alive but does not answer, so queries run on lanes that may be left behind.
    """

    def __init__(self, url: str, token_file: Path, *, timeout_s: float = 20.0) -> None:
        self._url = url
        self._token_file = token_file
        self._timeout_s = timeout_s
        self._attached: duckdb.DuckDBPyConnection | None = None
        self._attaching = threading.Lock()
        self._work: queue.SimpleQueue[tuple[str, Future[pl.DataFrame]] | None] = queue.SimpleQueue()
        self._lanes: list[threading.Thread] = []
        self._idle = 0
        self._counting = threading.Lock()
        self._closed = False
        # A lane that is stopped inside DuckDB by the interpreter's end would abort the process.
        self._finalizer = weakref.finalize(self, _end_lanes, self._work, self._lanes)

    def query(self, name: str, scope: Scope, **params: Any) -> pl.DataFrame:
        """Rows of the named query that `scope` may see; instants are aware UTC.

        Raises OwnerDown when the owner does not answer (after one new attempt to attach), QueryRefused when
        the role may not run the query, inputs do not match, or the owner refuses it.
        """
        text = named_query(name).allowed_text(params, scope.role, visible_select(scope))
        answer: Future[pl.DataFrame] = Future()
        self._add_lane_if_none_is_idle()
        self._work.put((text, answer))
        try:
            return answer.result(self._timeout_s)
        except TimeoutError:
            answer.cancel()
            raise OwnerDown(f"no answer from {self._url} within {self._timeout_s:g} s") from None
        except QueryRefused as error:
            raise QueryRefused(f"query {name}: {error}") from error

    def close(self) -> None:
        """Lets go of the attachment. Safe to call twice; queries after it raise OwnerDown."""
        with self._counting:
            self._closed = True
        self._finalizer()
        self._attached = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- lanes ---

    def _add_lane_if_none_is_idle(self) -> None:
        with self._counting:
            if self._closed:
                raise OwnerDown("the read door of this process is closed")
            if self._idle > 0:
                self._idle -= 1
                return
            if len(self._lanes) >= LANES:
                return
            # Daemons: a lane that waits for a frozen owner must not keep this process from ending.
            lane = threading.Thread(target=self._run_lane, name="read-door", daemon=True)
            self._lanes.append(lane)
        lane.start()

    def _run_lane(self) -> None:
        attached: duckdb.DuckDBPyConnection | None = None
        cursor: duckdb.DuckDBPyConnection | None = None
        while (item := self._work.get()) is not None:
            text, answer = item
            if answer.set_running_or_notify_cancel():
                try:
                    current = self._attachment()
                    if cursor is None or current is not attached:
                        attached, cursor = current, current.cursor()
                    try:
                        answer.set_result(_remote(cursor, text))
                    except _StaleAttachment:
                        attached = self._attachment(instead_of=attached)
                        cursor = attached.cursor()
                        answer.set_result(_remote(cursor, text))
                except _StaleAttachment as error:
                    answer.set_exception(OwnerDown(f"{self._url} keeps forgetting this reader: {error}"))
                except BaseException as error:
                    answer.set_exception(error)
            with self._counting:
                self._idle += 1

    # --- the attachment ---

    def _attachment(self, instead_of: duckdb.DuckDBPyConnection | None = None) -> duckdb.DuckDBPyConnection:
        """The shared attachment; a new one when there is none or the shared one is `instead_of`."""
        with self._attaching:
            if self._attached is None or self._attached is instead_of:
                self._attached = None
                self._attached = self._attach()
            return self._attached

    def _attach(self) -> duckdb.DuckDBPyConnection:
        try:
            token = self._token_file.read_text(encoding="ascii").strip()
        except OSError as error:
            raise OwnerDown(
                f"no token in {self._token_file}: is `laadwacht serve` running? ({error})"
            ) from error
        connection = duckdb.connect()
        try:
            load_extensions(connection)
            connection.execute(f"ATTACH {literal(self._url)} AS owner (TYPE quack, TOKEN {literal(token)})")
        except duckdb.Error as error:
            connection.close()
            if "Authentication failed" in str(error):
                message = f"{self._url} does not accept the token in {self._token_file}"
            else:
                message = f"{self._url} cannot be reached"
            # The cause is left out on purpose: DuckDB repeats the statement, and with it the token.
            raise OwnerDown(message) from None
        return connection


def _end_lanes(
    work: queue.SimpleQueue[tuple[str, Future[pl.DataFrame]] | None], lanes: list[threading.Thread]
) -> None:
    for _ in lanes:
        work.put(None)
    until = time.monotonic() + LEAVE_AFTER_S
    for lane in lanes:
        lane.join(max(0.0, until - time.monotonic()))


class _StaleAttachment(Exception):
    """The owner was restarted: it does not know this attachment."""


def _remote(cursor: duckdb.DuckDBPyConnection, text: str) -> pl.DataFrame:
    """Runs `text` in the owner. A scan of the attached tables would pull every row over instead."""
    try:
        return table_of(cursor.execute("FROM owner.query(?)", [text]))
    except duckdb.Error as error:
        said = str(error)
        if "Invalid connection id" in said:
            raise _StaleAttachment(said) from error
        if isinstance(error, duckdb.IOException | duckdb.HTTPException | duckdb.ConnectionException):
            raise OwnerDown(f"the owner process does not answer ({said.splitlines()[0]})") from error
        raise QueryRefused(said) from error
