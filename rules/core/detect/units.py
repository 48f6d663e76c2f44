"""A register in kWh that the station calls Wh: every session seems to bring a thousandth of what it brought.

Decides at the end of a session, from what its power readings add up to. The firmware's mistake and never the
meter's: nobody is sent for it, and such a session does not count as one without energy.
"""

from __future__ import annotations

from rules.core.detect.context import proof
from rules.core.model import MeterRead, SessionEnded
from rules.core.signals import Raise
from rules.core.state import OpenSession

FAULT = "protocol.broken"
RULE = "meter.unit"
KILO = 1000.0
ROUNDING = 0.35  # a few whole kWh against power read once in a while
LEAST = 3.0  # whole units the register moved; fewer are too coarse to compare
GAP_S = 900.0  # readings further apart do not tell what flowed between them


def flows(obs: MeterRead, session: OpenSession) -> None:
    """Add what flowed since the last reading of power, as the station told it then."""
    if obs.power_w is None:
        return
    at = obs.station_at or obs.at
    if session.flow_at is not None:
        seconds = (at - session.flow_at).total_seconds()
        if seconds < 0:
            return  # an older reading, sent again
        if seconds <= GAP_S:
            session.flow_wh += session.flow_w * seconds / 3600
    session.flow_at, session.flow_w = at, obs.power_w


def register_in_kwh(session: OpenSession) -> bool:
    told = session.row.energy_wh
    if told is None or told < LEAST:
        return False
    return abs(session.flow_wh / (told * KILO) - 1.0) <= ROUNDING


def on_session_end(obs: SessionEnded, session: OpenSession) -> list[Raise]:
    if not register_in_kwh(session):
        return []
    values = {"told_wh": session.row.energy_wh, "flowed_wh": round(session.flow_wh)}
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=obs.station,
            suffix="register_unit",
            evidence=(proof(obs, "register_in_kwh", **values),),
        )
    ]
