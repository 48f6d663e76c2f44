"""What a simulated station needs from an OCPP version: its words for boot, status, sessions and commands.

Decides nothing; `station16` and `station2` speak the two dialects. Instants are aware UTC datetimes,
energy is in Wh, power in W.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from msgspec import Struct

from collectors.simulator.faults import Fault
from collectors.simulator.visits import Visit

Call = tuple[str, dict[str, Any]]


class Session(Struct, kw_only=True):
    """A charging transaction as the station knows it. `ref` None: the back end gave no transaction yet."""

    connector: int
    visit: Visit
    meter_start_wh: float
    energy_wh: float = 0.0
    power_w: float = 0.0
    ref: str | int | None = None
    seq: int = 0


class Plug(Struct, kw_only=True):
    """A connector's present state; 0 is the station. `status` in the words of OCPP 1.6."""

    connector: int
    status: str = "Available"
    fault: Fault | None = None
    session: Session | None = None
    meter_wh: float = 0.0

    @property
    def free(self) -> bool:
        return self.session is None and self.status in ("Available", "Preparing")


class Intent(Struct, frozen=True, kw_only=True):
    """What a command from the back end asks the station to do, once the answer is sent.

    `kind`: reset, say (send `calls`), start, stop, unlock, operative, inoperative, heartbeat_interval.
    """

    kind: str
    connector: int | None = None
    token: str | None = None
    hard: bool = False
    seconds: int | None = None
    calls: tuple[Call, ...] = ()


class Reaction(Struct, frozen=True, kw_only=True):
    """The answer to a command; None means NotImplemented."""

    answer: dict[str, Any] | None = None
    intent: Intent | None = None


class Dialect(Protocol):
    subprotocol: str

    def boot(self, reason: str) -> Call: ...
    def heartbeat(self) -> Call: ...
    def status(self, plug: Plug, at: datetime) -> list[Call]: ...
    def cleared(self, plug: Plug, fault: Fault, at: datetime) -> list[Call]: ...
    def authorize(self, token: str) -> Call: ...
    def authorised(self, answer: Mapping[str, Any]) -> str: ...
    def start(self, session: Session, at: datetime) -> Call: ...
    def started(self, session: Session, answer: Mapping[str, Any]) -> bool: ...
    def charging(self, session: Session, at: datetime) -> list[Call]: ...
    def meter(self, session: Session, at: datetime) -> Call: ...
    def stop(self, session: Session, reason: str, at: datetime) -> Call: ...
    def react(
        self, action: str, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction: ...


def stamp(at: datetime) -> str:
    """`at` as OCPP writes it: UTC with milliseconds and Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def inner(payload: Mapping[str, Any], key: str, name: str) -> str:
    """`payload[key][name]` as text, "" where the back end left it out or sent something else."""
    value = payload.get(key)
    return str(value.get(name, "")) if isinstance(value, Mapping) else ""


def soc_of(session: Session, battery_wh: float = 60_000.0) -> float | None:
    """State of charge in percent where the car tells it (DC): start plus what went in, battery of 60 kWh."""
    start = session.visit.soc_start
    return None if start is None else round(min(start + session.energy_wh / battery_wh * 100.0, 100.0), 1)
