"""What meter readings tell without saying it: no power in charging, a register that falls, stands or leaps,
a phase without voltage beside two that have it.

Decides from readings in the order of the station's own time. A full car takes nothing and is no fault;
readings from a queue are history and are not timed by their receipt.
"""

from __future__ import annotations

from rules.core.detect.context import Context, passed, proof, shows
from rules.core.detect.phase import shown
from rules.core.facts import noise
from rules.core.model import MeterRead, Status
from rules.core.signals import Raise, Signal
from rules.core.state import ConnectorState, MeterWatch, OpenSession, StationState

NO_POWER = "charging.no_power"
BACKWARDS = "meter.backwards"
FROZEN = "meter.frozen"
JUMP = "meter.jump"
PHASE = "electrical.phase"
DEAD_READINGS = 3  # in a row
SLACK_WH = 1.0  # rounding between kWh with decimals and Wh
OWN_COUNTER_WH = 1000.0  # a new session's register under this is a counter of its own
REGISTER_ONLY = 3  # times as long, where only a register tells: one in whole kWh moves slowly
VOLT = 230.0  # one phase, where only a current is told
ANY_STATION_W = 400_000.0  # no station in the field gives more from one connector


def on_meter(
    obs: MeterRead, station: StationState, conn: ConnectorState, session: OpenSession | None, ctx: Context
) -> list[Signal]:
    if obs.offered_a is not None:
        conn.offered_a = obs.offered_a
    seen = conn.meter
    if obs.station_at is not None and seen.station_at is not None and obs.station_at < seen.station_at:
        return []  # an older reading, sent again
    signals = [*_register(obs, conn, seen, ctx), *_phase(obs, conn, seen)]
    if not noise.is_late(obs, station, ctx.policy):
        charging = shown(conn) is Status.CHARGING
        signals += _power(obs, conn, seen, charging, ctx)
        signals += _frozen(obs, conn, seen, ctx)
    if obs.energy_wh is not None:
        seen.ref, seen.wh = obs.ref, obs.energy_wh
        seen.at, seen.station_at = obs.at, obs.station_at
    return signals


def _raise(obs: MeterRead, conn: ConnectorState, fault: str, says: str, **values: object) -> Raise:
    return Raise(
        fault=fault,
        rule=fault,
        station=obs.station,
        evse=conn.evse,
        connector=conn.connector,
        evidence=(proof(obs, says, **values),),
    )


def _phase(obs: MeterRead, conn: ConnectorState, seen: MeterWatch) -> list[Signal]:
    """A fuse, a breaker or a wire: the two other phases are live."""
    if obs.dead_phase is None:
        seen.dead_n = 0
        told = obs.voltage_v is not None and conn.behaviour
        return passed(obs, conn, PHASE, "phases_live") if told else []
    seen.dead_n += 1
    if seen.dead_n < DEAD_READINGS:
        return []
    shows(conn, PHASE)
    return [_raise(obs, conn, PHASE, "phase_dead", phase=obs.dead_phase, readings=seen.dead_n)]


def _register(obs: MeterRead, conn: ConnectorState, seen: MeterWatch, ctx: Context) -> list[Signal]:
    """A register that falls, or leaps further than the station can deliver."""
    now, was = obs.energy_wh, seen.wh
    if now is None or was is None or seen.at is None or now == 0:
        return []
    if obs.ref != seen.ref and now < OWN_COUNTER_WH:
        return []
    if now < was - SLACK_WH:
        return [_raise(obs, conn, BACKWARDS, "meter_backwards", was_wh=was, now_wh=now)]
    rise, slack = now - was, ctx.limit("meter.jump_wh")
    if rise <= slack or obs.ref != seen.ref:
        return []  # what happened between two sessions was not read
    seconds = (obs.at - seen.at).total_seconds()
    if obs.station_at is not None and seen.station_at is not None:
        seconds = max(seconds, (obs.station_at - seen.station_at).total_seconds())
    asset = ctx.register.get(obs.station)
    rated = asset.rated_kw * 1000 if asset is not None and asset.rated_kw else ANY_STATION_W
    if rise <= rated * ctx.limit("meter.jump_factor") * seconds / 3600 + slack:
        return []
    return [_raise(obs, conn, JUMP, "meter_jump", was_wh=was, now_wh=now, seconds=round(seconds))]


def _power(
    obs: MeterRead, conn: ConnectorState, seen: MeterWatch, charging: bool, ctx: Context
) -> list[Signal]:
    """Charging by its own word, and nothing flows."""
    power = obs.power_w
    if power is None and obs.current_a is not None:
        power = obs.current_a * VOLT
    limit = ctx.limit("charging.no_power_s")
    if power is None and obs.energy_wh is not None and seen.wh is not None:
        limit *= REGISTER_ONLY
        power = ANY_STATION_W if obs.energy_wh > seen.wh else 0.0
    full = obs.soc is not None and obs.soc >= ctx.limit("charging.full_soc")
    if power is None and charging and not full:
        return []
    if not charging or full or (power is not None and power > ctx.limit("charging.no_power_w")):
        seen.idle_since, seen.idle_n = None, 0
        return passed(obs, conn, NO_POWER, "power_flows", power_w=obs.power_w) if conn.behaviour else []
    seen.idle_n += 1
    if seen.idle_since is None:
        seen.idle_since = obs.at
    minutes = (obs.at - seen.idle_since).total_seconds() / 60
    if seen.idle_n < 3 or minutes * 60 < limit:
        return []
    shows(conn, NO_POWER)
    return [_raise(obs, conn, NO_POWER, "no_power", minutes=round(minutes), readings=seen.idle_n)]


def _frozen(obs: MeterRead, conn: ConnectorState, seen: MeterWatch, ctx: Context) -> list[Signal]:
    """Power flows by its own word, and the register stands. One in whole kWh takes some kWh to tell."""
    if obs.energy_wh is None or obs.power_w is None:
        return []
    if seen.wh != obs.energy_wh or obs.ref != seen.ref or seen.at is None:
        seen.still_since, seen.still_n, seen.still_owed_wh = obs.at, 1, 0.0
        return passed(obs, conn, FROZEN, "register_moves") if conn.behaviour else []
    if seen.still_since is None:
        seen.still_since = obs.at
    seen.still_n += 1
    seen.still_owed_wh += obs.power_w * (obs.at - seen.at).total_seconds() / 3600
    owed = seen.still_owed_wh
    lasted = (obs.at - seen.still_since).total_seconds()
    if (
        seen.still_n < 3
        or owed < ctx.limit("meter.frozen_wh")
        or lasted < ctx.limit("meter.frozen_s")
        or obs.power_w <= ctx.limit("charging.no_power_w")
    ):
        return []
    shows(conn, FROZEN)
    return [_raise(obs, conn, FROZEN, "meter_frozen", owed_wh=round(owed), minutes=round(lasted / 60))]
