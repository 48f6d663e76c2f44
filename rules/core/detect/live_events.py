"""Problems that events of OCPP 2.x told and that last: what they cover, and how they end.

Decides which of them a report of the same station is about. They end by the station's own word; where it
never says that one is over, by what shows it: its restart, or a Faulted connector that works again.
"""

from __future__ import annotations

from rules.core.model import Booted, EventReported, Status, StatusReported
from rules.core.state import ConnectorState, LiveEvent, StationState

MOST = 64  # of one station; the oldest is forgotten
ASKED = "triggered"  # a boot message that was asked for is no restart
WORKS = (Status.AVAILABLE, Status.OCCUPIED, Status.RESERVED)


def covers(event: LiveEvent, conn: ConnectorState) -> bool:
    """Whether the event is about this connector, its EVSE or the whole station."""
    if event.evse in (None, 0):
        return True
    return event.evse == conn.evse and event.connector in (None, 0, conn.connector)


def named_by_event(station: StationState, conn: ConnectorState) -> bool:
    """Whether an event tells what is wrong here, so that a bare Faulted needs no name of its own."""
    return any(covers(event, conn) for event in station.events.values())


def note(station: StationState, key: str, event: LiveEvent) -> None:
    known = station.events.pop(key, None)
    if known is not None:
        event.since = known.since
    station.events[key] = event
    while len(station.events) > MOST:
        del station.events[next(iter(station.events))]


def over(obs: EventReported, fault: str | None, about: str, station: StationState) -> list[str]:
    """Keys of the problems that this event ends; it may name its place less finely than the first word did.
    `fault` is None, or vague, where it names no code: then component and variable tell."""
    return [
        key
        for key, event in station.events.items()
        if event.evse == obs.evse
        and (obs.connector is None or event.connector in (None, obs.connector))
        and (event.fault == fault or (not obs.tech_code and event.about == about))
    ]


def on_boot(obs: Booted, station: StationState) -> None:
    """What still holds after a restart is told again, or shows in the status."""
    if (obs.reason or "").casefold() != ASKED:
        for event in station.events.values():
            event.old = True


def ended_by_status(
    obs: StatusReported, before: Status | None, station: StationState, conn: ConnectorState
) -> list[str]:
    """Keys of the problems that cannot be there any more, now that the connector works."""
    if not station.events or obs.status not in WORKS:
        return []
    recovered = before is Status.FAULTED and not station.clears_events
    return [
        key
        for key, event in station.events.items()
        if covers(event, conn) and (event.old or (recovered and event.evse not in (None, 0)))
    ]
