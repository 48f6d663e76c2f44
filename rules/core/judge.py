"""The judge: observations and time in, rows and notices out. One object, no clock, no file, no database.

Decides nothing itself: it keeps the order (deadlines before observations, each at its exact time), hands each
observation to its detectors and their signals to the book. The same observations in any chunking, live or
replayed, with or without a save between, give the same effects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from rules.core import by_kind, memory, on_site, people
from rules.core.book import Book
from rules.core.catalog.entries import Catalog
from rules.core.detect import awaited, remote_start, rhythm, silence, stuck
from rules.core.detect.context import Context
from rules.core.model import (
    AidReported,
    Asset,
    Blind,
    BlindRow,
    Booted,
    DestinationFared,
    Effect,
    Evidence,
    Heartbeat,
    LinkRow,
    Observation,
    Seen,
    StationRow,
    Subscribed,
    UserActed,
    WindowEnded,
    WindowSet,
)
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from rules.core.scope.outage import Outages
from rules.core.scope.supplier import Suppliers, supplier_of
from rules.core.scope.waves import Waves
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.speaking import own_delivery, windows
from rules.core.state import JudgeState, StationState
from rules.core.timers import Timers

OWNER_DOWN = "owner_down"  # the reason of a gap in which our own process did not run


class Judge:
    """Feed observations in the order of their record ids. `advance` promises that nothing earlier follows.

    `state` is what `state()` gave before; the rest is as it was then or newer. `imported` marks every
    incident as history: recorded, never told.
    """

    def __init__(
        self,
        catalog: Catalog,
        register: Mapping[str, Asset],
        policy: Policy,
        destinations: Sequence[Destination],
        state: bytes | None = None,
        *,
        imported: bool = False,
    ) -> None:
        self._state = JudgeState() if state is None else msgspec.msgpack.decode(state, type=JudgeState)
        self._policy = policy
        self._timers = Timers(self._state.timers)
        self._heap = self._timers.heap
        self._stations = self._state.stations
        self._seen_every = timedelta(seconds=policy.seen_every_s)
        self._book = Book(catalog, policy, destinations, self._state, self._timers, imported=imported)
        self._context = Context(catalog, policy, self._state, register, self._timers)
        self._outages = Outages(self._state, self._book, policy, Suppliers(self._book, self._context))
        self._waves = Waves(self._book, self._context)
        self._windows = windows.Windows(self._state, self._timers, self._book.speaker)
        # What each kind of deadline sets off; the others are the book's own.
        self._fires: dict[str, Callable[[datetime, str, list[Effect]], None]] = {
            "offline": self._silence,
            "members": lambda due, _key, out: self._outages.write_members(due, out),
            "watch": self._look,
            "supplier": lambda due, key, out: self._outages.suppliers.write_members(key, due, out),
            "wave": lambda due, key, out: self._waves.write_members(key, due, out),
            "await": self._time_is_up,
            remote_start.TIMER: self._remote,
            windows.TIMER: self._windows.fire,
            on_site.LOOK_AGAIN: lambda due, key, out: on_site.look_again(key, due, self._book, out),
        }
        # What is not said by a station.
        self._acts: dict[type[Observation], Callable[[Any, list[Effect]], None]] = {
            UserActed: lambda obs, out: people.acted(obs, self._book, out),
            WindowSet: self._windows.acted,
            WindowEnded: self._windows.acted,
            AidReported: self._aid_reported,
            Subscribed: self._windows.subscribed,
            DestinationFared: lambda obs, out: own_delivery.fared(obs, self._book, out),
        }
        self._handlers: dict[type[Observation], Callable[..., list[Signal]]] = by_kind.HANDLERS
        self.set_register(register)
        for name, station in self._stations.items():  # the policy may be another one than when it was saved
            station.limit_s = silence.limit_s(station.heartbeat_s, policy)
            self._arm(name, station)

    @property
    def now(self) -> datetime | None:
        """The latest time that judgement has reached."""
        return self._state.now

    def set_register(self, register: Mapping[str, Asset]) -> None:
        """Holds from the next observation on; open incidents are routed anew when they change."""
        self._context.register = register
        self._book.set_register(register)
        self._outages.set_register(register)
        self._context.sites = self._outages.sites
        awaited.plan(self._context)

    def state(self) -> bytes:
        """Everything remembered, as msgpack. `Judge(..., state=...)` goes on exactly from here."""
        self._state.timers = self._heap
        return msgspec.msgpack.encode(self._state)

    # --- time ---------------------------------------------------------------------------

    def advance(self, now: datetime) -> list[Effect]:
        """Let time run to `now`. Every deadline due until then fires at its own time."""
        out: list[Effect] = []
        self._fire(now, out)
        return out

    def _fire(self, until: datetime, out: list[Effect]) -> None:
        for due, kind, key in self._timers.due(until):
            self._reach(due)
            fires = self._fires.get(kind)
            if fires is not None:
                fires(due, key, out)
            elif kind in memory.KINDS:
                memory.forget(due, kind, key, self._state, self._policy.flap_window_s)
            else:
                self._book.fire(due, kind, key, out)
            if self._book.dirty:
                self._book.flush(out)
        self._reach(until)

    def _time_is_up(self, due: datetime, station: str, out: list[Effect]) -> None:
        """A station that was announced should have been heard by now."""
        signal = awaited.time_is_up(station, due, self._context)
        if signal is not None:
            self._book.seen(signal, due, out)

    def _reach(self, at: datetime) -> None:
        if self._state.now is None or at > self._state.now:
            self._state.now = at

    # --- observations -------------------------------------------------------------------

    def feed(self, obs: Observation) -> list[Effect]:
        """Judge one observation; deadlines before it come first."""
        out: list[Effect] = []
        kind = type(obs)
        if isinstance(obs, Blind):
            self._blind(obs, out)
            return out
        at = obs.at
        heap = self._heap
        if heap and heap[0][0] <= at:
            self._fire(at, out)
        act = self._acts.get(kind)
        if act is not None:
            act(obs, out)
            self._book.flush(out)
            return out
        station = self._stations.get(obs.station)
        if station is None:
            station = self._meet(obs)
        if kind is Heartbeat:
            for signal in rhythm.beat(obs, station, self._state.blind_until, self._context):
                self._signal(signal, station, at, out)
            if self._book.dirty:
                self._book.flush(out)
        if kind is Heartbeat or (kind is Seen and obs.direction == "in"):  # type: ignore[attr-defined]
            station.last_in = max(station.last_in, at)
            if station.link != "online":
                self._alive(obs, station, out)
            elif at - station.emitted_at >= self._seen_every:
                self._row(obs.station, station, at, out)
            return out
        self._telling(obs, station, out)
        return out

    def _aid_reported(self, obs: AidReported, out: list[Effect]) -> None:
        key = self._book.by_id.get(obs.incident_id)
        self._book.aider.reported(obs, None if key is None else self._state.tracked.get(key), out)

    def _telling(self, obs: Observation, station: StationState, out: list[Effect]) -> None:
        """An observation that says more than that the station lives."""
        at = obs.at
        if by_kind.is_life(obs):
            station.last_in = max(station.last_in, at)
            if station.link != "online":
                self._alive(obs, station, out)
        handler = self._handlers.get(type(obs))
        if handler is not None:
            before = supplier_of(station) if type(obs) is Booted else None
            for signal in handler(obs, station, self._context, out):
                self._signal(signal, station, at, out)
            if type(obs) is Booted:
                self._outages.suppliers.changed(before, station)
            if self._book.dirty:
                self._book.flush(out)
        if station.row_dirty or at - station.emitted_at >= self._seen_every:
            limit = silence.limit_s(station.heartbeat_s, self._policy)
            if limit != station.limit_s:
                station.limit_s = limit
                self._arm(obs.station, station)
            self._row(obs.station, station, at, out)

    def _signal(self, signal: Signal, station: StationState, at: datetime, out: list[Effect]) -> None:
        if isinstance(signal, Raise):
            self._book.seen(signal, at, out)
            for child in signal.adopts:
                self._book.adopt(child, signal.key, at, out)
            self._waves.seen(signal, station, at, out)
        elif isinstance(signal, Clear):
            reset = station.reset_at is not None and (
                (at - station.reset_at).total_seconds() <= self._context.limit("verdict.reset_s")
            )
            self._book.gone(signal.key, at, out, signal.evidence, after_reset=reset)
            self._waves.gone(signal.key, at, out)
        else:
            self._book.weigh(signal, at, out)

    def _look(self, due: datetime, key: str, out: list[Effect]) -> None:
        """The time that a connector's status was given is up."""
        name, _, place = key.rpartition("|")
        station = self._stations[name]
        conn = station.connectors.get(place)
        if conn is not None:
            for signal in stuck.time_is_up(name, station, conn, due, self._context):
                self._signal(signal, station, due, out)

    def _remote(self, due: datetime, name: str, out: list[Effect]) -> None:
        """The session of a remote start should have begun by now."""
        station = self._stations[name]
        for signal in remote_start.time_is_up(name, station, due):
            self._signal(signal, station, due, out)

    def _meet(self, obs: Observation) -> StationState:
        station = StationState(first_seen=obs.at, last_in=obs.at, emitted_at=obs.at)
        station.limit_s = silence.limit_s(None, self._policy)
        self._stations[obs.station] = station
        self._outages.heard(obs.station)
        self._state.awaited.pop(obs.station, None)
        if self._state.watch_since is None:
            self._state.watch_since = obs.at
            awaited.plan(self._context)
        return station

    def _row(self, name: str, station: StationState, at: datetime, out: list[Effect]) -> None:
        station.emitted_at = at
        station.row_dirty = False
        # Written out: for every sign of life one such row.
        out.append(
            StationRow(
                station=name,
                first_seen_at=station.first_seen,
                last_seen_at=station.last_in,
                connected=station.connected,
                connected_at=station.connected_at,
                disconnected_at=station.disconnected_at,
                version=station.version,
                make=station.make,
                model=station.model,
                serial=station.serial,
                firmware=station.firmware,
                iccid=station.iccid,
                imsi=station.imsi,
                heartbeat_s=station.heartbeat_s,
                boot_status=station.boot_status,
                booted_at=station.booted_at,
            )
        )

    # --- the link -----------------------------------------------------------------------

    def _alive(self, obs: Observation, station: StationState, out: list[Effect]) -> None:
        """The first sign of life, or the first after an outage; never before that outage began."""
        at = obs.at if station.link_since is None else max(obs.at, station.link_since)
        if station.link == "offline" and station.link_since is not None:
            out.append(
                LinkRow(station=obs.station, started_at=station.link_since, state="offline", ended_at=at)
            )
            self._book.gone(
                place_key(obs.station, None, None, silence.FAULT),
                at,
                out,
                Evidence(at=at, says="heard_again", record_id=obs.record_id or None),
            )
            self._outages.back(obs.station, at, out)
            self._book.flush(out)
        elif station.link is None:
            proof = Evidence(at=at, says="first_heard", record_id=obs.record_id or None)
            self._book.gone(place_key(obs.station, None, None, awaited.FAULT), at, out, proof)
            self._book.flush(out)
        self._outages.suppliers.count(supplier_of(station), 1)
        station.link = "online"
        station.link_since = at
        out.append(LinkRow(station=obs.station, started_at=at, state="online"))
        self._arm(obs.station, station)
        self._row(obs.station, station, at, out)

    def _arm(self, name: str, station: StationState) -> None:
        """Set the silence timer, unless an earlier one is set that will look again."""
        if station.link != "online":
            return
        due = silence.deadline(station, self._state.blind_until)
        if station.armed_due is None or due < station.armed_due:
            station.armed_due = due
            self._timers.set(due, "offline", name)

    def _silence(self, due: datetime, name: str, out: list[Effect]) -> None:
        station = self._stations[name]
        if station.armed_due != due:
            return
        station.armed_due = None
        if station.link != "online":
            return
        deadline = silence.deadline(station, self._state.blind_until)
        if deadline > due:
            station.armed_due = deadline
            self._timers.set(deadline, "offline", name)
            return
        last = station.last_in
        if station.link_since is not None:
            out.append(LinkRow(station=name, started_at=station.link_since, state="online", ended_at=last))
        station.link = "offline"
        self._outages.suppliers.count(supplier_of(station), -1)
        station.link_since = last
        out.append(LinkRow(station=name, started_at=last, state="offline"))
        self._book.seen(silence.offline(name, station, due), due, out)
        self._outages.lost(name, station, due, out)
        self._row(name, station, due, out)

    def _blind(self, obs: Blind, out: list[Effect]) -> None:
        """We could not see: deadlines of silence are put off before time runs over the gap."""
        self._fire(min(obs.since, obs.at), out)
        if self._state.blind_until is None or obs.at > self._state.blind_until:
            self._state.blind_until = obs.at
        out.append(BlindRow(started_at=obs.since, ended_at=obs.at, reason=obs.reason))
        if obs.reason == OWNER_DOWN:  # every connection ended with the process that held it
            for name, station in self._stations.items():
                if station.connected:
                    station.connected = False
                    station.disconnected_at = max(obs.since, station.last_in)
                    self._row(name, station, obs.at, out)
        self._fire(obs.at, out)
