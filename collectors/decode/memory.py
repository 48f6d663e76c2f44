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
MAX_STAMPS: Final = 16
MAX_MISSING: Final = 32
MAX_MONITORS: Final = 64


class Session(msgspec.Struct):
    """An OCPP 2.x transaction: the EVSE is told once, often only in the first event.

    `highest` and `lowest` are its sequence numbers so far, `missing` those between that never came, `stamps`
    the time stamps under the newest numbers. `booted`: the station restarted since the start.
    """

    evse: int | None = None
    connector: int | None = None
    last_event: tuple[object, ...] | None = None
    started: bool = False
    started_at: object = None
    ended: bool = False
    booted: bool = False
    highest: int | None = None
    lowest: int | None = None
    missing: set[int] = msgspec.field(default_factory=set)
    stamps: dict[int, object] = msgspec.field(default_factory=dict)

    def note(self, number: int, stamp: object) -> None:
        """An event under this number came."""
        self.highest = number if self.highest is None else max(self.highest, number)
        self.lowest = number if self.lowest is None else min(self.lowest, number)
        self.stamps.pop(number, None)
        _add(self.stamps, number, stamp, MAX_STAMPS)

    def await_between(self, before: int, after: int) -> None:
        """Numbers that were skipped may still come; a wide gap is another count, not lost events."""
        if after - before - 1 <= MAX_MISSING and len(self.missing) < MAX_MISSING:
            self.missing.update(range(before + 1, after))

    def seen_at(self, number: int) -> object:
        """The time stamp of the event that had this number; None where that is not known any more."""
        return self.stamps.get(number)


class Memory:
    __slots__ = ("given", "monitors", "sessions", "starts")

    def __init__(self) -> None:
        self.starts: dict[tuple[object, ...], str] = {}
        self.sessions: dict[str, Session] = {}
        self.monitors: dict[int, int] = {}
        """2.x: severity by the number of the monitor that watches a variable; events name only the number."""
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

    def forget_session(self, ref: str) -> Session:
        """Another transaction has the name `ref` now."""
        self.sessions.pop(ref, None)
        return self.session(ref)

    def other_session_at(self, ref: str, evse: int | None) -> bool:
        """Whether a 2.x transaction other than `ref` was started at this EVSE and did not end."""
        return evse is not None and any(
            name != ref and one.evse == evse and one.started and not one.ended and not one.booted
            for name, one in self.sessions.items()
        )

    def booted(self) -> None:
        """The station restarted: it may count its transactions from the beginning again."""
        for session in self.sessions.values():
            session.booted = True

    def watch(self, monitor: int, severity: int) -> None:
        """A monitor of this number, with the severity of what it tells."""
        self.monitors.pop(monitor, None)
        _add(self.monitors, monitor, severity, MAX_MONITORS)

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
