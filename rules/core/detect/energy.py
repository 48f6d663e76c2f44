"""Sessions in a row that delivered nothing to different cars, and meters that go backwards.

One car that takes nothing proves nothing; three cards in a row at one connector do. A session stopped because
the card was refused, or that never started charging for lack of a car, is not counted by whoever calls this.
"""

from __future__ import annotations

from rules.core.detect.context import proof
from rules.core.model import MeterRead, Observation
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import ConnectorState

RULE_ZERO = "session.zero_energy"
RULE_METER = "meter.backwards"
ZERO = "charging.zero_energy"
BACKWARDS = "meter.backwards"
ZERO_WH = 100.0  # kwwhat: a working session delivers more than 0.1 kWh
CARDS = 3
SLACK_WH = 1.0  # rounding between kWh with decimals and Wh


def on_session_end(
    obs: Observation, conn: ConnectorState, token: str | None, energy_wh: float | None
) -> list[Signal]:
    if energy_wh is None:
        return []
    key = place_key(obs.station, conn.evse, conn.connector, ZERO)
    if energy_wh > ZERO_WH:
        had = bool(conn.poor)
        conn.poor = []
        return [Clear(key=key, evidence=proof(obs, "energy_flows", energy_wh=energy_wh))] if had else []
    conn.poor = [*conn.poor, token or ""][-10:]
    if len({t for t in conn.poor if t}) < CARDS:
        return []
    return [
        Raise(
            fault=ZERO,
            rule=RULE_ZERO,
            station=obs.station,
            evse=conn.evse,
            connector=conn.connector,
            evidence=(proof(obs, "zero_energy", cards=len(set(conn.poor)), sessions=len(conn.poor)),),
        )
    ]


def on_meter(obs: MeterRead, conn: ConnectorState) -> list[Signal]:
    """A register that falls. Readings of another session's own counter start at 0 and are not compared."""
    if obs.energy_wh is None:
        return []
    last, conn.register_wh = conn.register_wh, obs.energy_wh
    if last is None or obs.energy_wh >= last - SLACK_WH or obs.energy_wh == 0:
        return []
    return [
        Raise(
            fault=BACKWARDS,
            rule=RULE_METER,
            station=obs.station,
            evse=conn.evse,
            connector=conn.connector,
            evidence=(proof(obs, "meter_backwards", was_wh=last, now_wh=obs.energy_wh),),
        )
    ]
