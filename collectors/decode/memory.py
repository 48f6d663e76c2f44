"""What must be remembered of one station between frames: open sessions and starts already seen.

Kept small on purpose (a collector holds ten thousand of these): the newest few of each, oldest forgotten.
It outlives a connection, because stations repeat unanswered messages after they reconnect.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

K = TypeVar("K")
V = TypeVar("V")

MAX_STARTS: Final = 16
MAX_SESSIONS: Final = 16


class Session(msgspec.Struct):
    """An OCPP 2.x transaction: the EVSE is told once, often only in the first event."""

    evse: int | None = None
    connector: int | None = None
    last_event: tuple[object, ...] | None = None
    started: bool = False


class Memory:
    __slots__ = ("given", "sessions", "starts")

    def __init__(self) -> None:
        self.starts: dict[tuple[object, ...], str] = {}
        self.sessions: dict[str, Session] = {}
        self.given: set[int] | None = None
        """Transaction ids of answers that look like lost ones (0, -1): the station may well mean them."""

    def first_start(self, key: tuple[object, ...], message_id: str) -> str | None:
        """The message id under which this very start came before; None if it is new, which is then noted."""
        first = self.starts.get(key)
        if first is None:
            _add(self.starts, key, message_id, MAX_STARTS)
        return first

    def session(self, ref: str) -> Session:
        """The 2.x session `ref`, new if unknown."""
        session = self.sessions.get(ref)
        if session is None:
            session = Session()
            _add(self.sessions, ref, session, MAX_SESSIONS)
        return session

    def give(self, transaction_id: int) -> None:
        """Remember that the back end handed out an id that looks like a lost one."""
        if self.given is None:
            self.given = set()
        self.given.add(transaction_id)

    def was_given(self, transaction_id: int) -> bool:
        return self.given is not None and transaction_id in self.given


def _add(table: dict[K, V], key: K, value: V, limit: int) -> None:
    if len(table) >= limit:
        del table[next(iter(table))]
    table[key] = value
