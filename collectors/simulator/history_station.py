"""The generated past of one station: every frame, answer and link event, day by day.

Must never look at another station or at a clock. It speaks through the simulator's dialects, so that a
generated log and the live simulation say the same things in the same words.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec

from collectors.simulator.assets import VirtualStation
from collectors.simulator.dialect import Call, Plug, Session, stamp
from collectors.simulator.faults import FAULTS
from collectors.simulator.history_plan import HEARTBEAT_S, Plan, Spell
from collectors.simulator.speak import dialect_of
from collectors.simulator.visits import AC_WEEK, Visit, draw_token, draw_visit, hour_shares

#: Belgian winter time; a generated day's rhythm needs no daylight saving.
LOCAL = timedelta(hours=1)
#: Visits a day at a DC plug: on the road, so more than at an AC plug.
DC_A_DAY = 2.4
REFUSED_SHARE, NO_TALK_SHARE = 0.03, 0.015
MOST_METERS = 4

Record = tuple[datetime, int, dict[str, Any]]


class StationPast:
    """Call `day(midnight)` for consecutive days; `start` and `end` (UTC) bound the whole history."""

    def __init__(
        self,
        station: VirtualStation,
        plan: Plan,
        *,
        start: datetime,
        end: datetime,
        seed: int,
        number: int,
    ) -> None:
        self._plan = plan
        self._start = start
        self._end = end
        self._rng = Random(f"past/{seed}/{station.identity}")
        self._number = number
        self._message = 0
        self._transaction = number * 100_000
        self._station = station
        if plan.old_firmware is not None:
            self._station = msgspec.structs.replace(station, firmware=plan.old_firmware)
        self._renewed = station
        self._dialect = dialect_of(self._station)
        self._meters = {n: float(self._rng.randrange(50_000, 9_000_000)) for n in self._plug_numbers()}
        self._free_at = dict.fromkeys(self._meters, start + timedelta(minutes=5))
        self._phase_s = self._rng.uniform(60, HEARTBEAT_S)
        self._out: list[Record] = []
        self._order = 0

    def day(self, midnight: datetime) -> list[Record]:
        """Everything that begins within this day; a visit's frames may reach into the next."""
        self._out = []
        until = midnight + timedelta(days=1)
        if midnight <= self._start < until:
            self._connect(self._start, reboot="PowerUp")
        self._spells(midnight, until)
        if self._plan.renewed_at is not None and midnight <= self._plan.renewed_at < until:
            self._renew(self._plan.renewed_at)
        for number in self._meters:
            for at in self._arrivals(midnight):
                self._visit(number, at)
        self._beats(max(midnight, self._start), min(until, self._end))
        return self._out

    def _plug_numbers(self) -> range:
        return range(1, self._station.connectors + 1)

    # --- what befalls it ---

    def _spells(self, midnight: datetime, until: datetime) -> None:
        for spell in self._plan.away:
            if midnight <= spell.start < until:
                self._link(spell.start, "disconnected")
            if midnight <= spell.end < until:
                boots = spell.rebooted or self._station.make.boots_on_reconnect
                self._connect(spell.end, reboot="PowerUp" if boots else None)
        for spell in self._plan.broken:
            if spell.fault is None:
                continue
            plug = self._plug_of(spell)
            if midnight <= spell.start < until:
                plug.fault, plug.status = spell.fault, spell.fault.status or "Available"
                self._say_all(self._dialect.status(plug, spell.start), spell.start)
            if midnight <= spell.end < until:
                self._say_all(self._dialect.cleared(plug, spell.fault, spell.end), spell.end)
                self._say_all(self._dialect.status(plug, spell.end), spell.end + timedelta(seconds=1))

    def _plug_of(self, spell: Spell) -> Plug:
        on_station = spell.fault is not None and spell.fault.on_station
        return Plug(connector=0 if on_station else spell.connector)

    def _renew(self, at: datetime) -> None:
        """New firmware: the station says how far it is, restarts and boots with the new version."""
        if self._station.version == "1.6":
            for n, step in enumerate(("Downloading", "Downloaded", "Installing")):
                self._call(("FirmwareStatusNotification", {"status": step}), at + timedelta(seconds=40 * n))
        self._link(at + timedelta(seconds=150), "disconnected")
        self._station = self._renewed
        self._dialect = dialect_of(self._station)
        self._connect(at + timedelta(seconds=240), reboot="FirmwareUpdate")

    def _connect(self, at: datetime, *, reboot: str | None) -> None:
        self._link(at, "connected")
        at += timedelta(seconds=1)
        if reboot is not None:
            self._call(self._dialect.boot(reboot), at)
            at += timedelta(seconds=1)
        for number in range(0 if self._station.make.reports_station else 1, self._station.connectors + 1):
            plug = Plug(connector=number)
            for spell in self._plan.broken:
                if spell.start <= at < spell.end and self._plug_of(spell).connector == number:
                    plug.fault = spell.fault
                    plug.status = (spell.fault.status if spell.fault else None) or "Available"
            self._say_all(self._dialect.status(plug, at), at)
            at += timedelta(milliseconds=300)

    def _beats(self, start: datetime, until: datetime) -> None:
        passed = (start - self._start).total_seconds() - self._phase_s
        beat = max(0, int(-(-passed // HEARTBEAT_S)))
        while (at := self._start + timedelta(seconds=self._phase_s + beat * HEARTBEAT_S)) < until:
            if self._online(at):
                self._call(self._dialect.heartbeat(), at)
            beat += 1

    def _online(self, at: datetime, until: datetime | None = None) -> bool:
        later = until or at
        return not any(spell.start <= later and at <= spell.end for spell in self._plan.away)

    # --- who comes ---

    def _arrivals(self, midnight: datetime) -> Iterator[datetime]:
        dc = self._station.make.dc
        mean = DC_A_DAY if dc else AC_WEEK[midnight.weekday()]
        shares = hour_shares(dc)
        hours = sorted(
            self._rng.choices(range(24), shares)[0] + self._rng.random() for _ in range(self._poisson(mean))
        )
        for hour in hours:
            yield midnight + timedelta(hours=hour) - LOCAL

    def _poisson(self, mean: float) -> int:
        count, waited = 0, self._rng.expovariate(1.0)
        while waited < mean:
            count, waited = count + 1, waited + self._rng.expovariate(1.0)
        return count

    def _visit(self, number: int, at: datetime) -> None:
        visit = draw_visit(self._rng, rated_kw=self._station.rated_kw, dc=self._station.make.dc)
        leaves = at + timedelta(seconds=visit.stay_s + 180)
        if at < self._free_at[number] or leaves > self._end - timedelta(minutes=2):
            return
        if not self._online(at - timedelta(minutes=5), leaves) or self._is_broken(number, at, leaves):
            return
        if (
            self._plan.renewed_at is not None
            and at < self._plan.renewed_at + timedelta(minutes=10)
            and (self._plan.renewed_at < leaves)
        ):
            return
        self._free_at[number] = leaves + timedelta(minutes=2)
        chance = self._rng.random()
        plug = Plug(connector=number, status="Preparing")
        self._say_all(self._dialect.status(plug, at), at)
        if chance < REFUSED_SHARE:
            self._refused(plug, at)
        elif chance < REFUSED_SHARE + NO_TALK_SHARE:
            self._no_talk(plug, visit, at)
        else:
            self._charge(plug, visit, at)

    def _is_broken(self, number: int, at: datetime, leaves: datetime) -> bool:
        hit = timedelta(minutes=10)
        return any(
            spell.overlaps(at - hit, leaves + hit) and self._plug_of(spell).connector in (0, number)
            for spell in self._plan.broken
        )

    def _refused(self, plug: Plug, at: datetime) -> None:
        token, why = draw_token(self._rng), self._rng.choice(("Invalid", "Expired", "Blocked"))
        for n in range(self._rng.randint(1, 3)):
            self._call(self._dialect.authorize(token), at + timedelta(seconds=12 + 15 * n), outcome=why)
        self._become(plug, "Available", at + timedelta(seconds=80))

    def _no_talk(self, plug: Plug, visit: Visit, at: datetime) -> None:
        """Card accepted, but the car does not answer on the pilot line; the driver gives up."""
        self._call(self._dialect.authorize(visit.token), at + timedelta(seconds=12))
        fault = FAULTS["EVCommunicationError"]
        plug.fault = fault
        self._become(plug, fault.status or "SuspendedEVSE", at + timedelta(seconds=30))
        gone = at + timedelta(seconds=self._rng.uniform(120, 400))
        plug.fault = None
        self._say_all(self._dialect.cleared(plug, fault, gone), gone)
        self._become(plug, "Available", gone + timedelta(seconds=1))

    def _charge(self, plug: Plug, visit: Visit, at: datetime) -> None:
        number = plug.connector
        self._call(self._dialect.authorize(visit.token), at + timedelta(seconds=12))
        session = Session(
            connector=number, visit=visit, meter_start_wh=self._meters[number], power_w=visit.power_w
        )
        begun = at + timedelta(seconds=14)
        answer = self._call(self._dialect.start(session, begun), begun)
        self._dialect.started(session, answer)
        self._become(plug, "Charging", begun + timedelta(seconds=2))
        self._say_all(self._dialect.charging(session, begun), begun + timedelta(seconds=2))
        step_s = max(visit.stay_s / (MOST_METERS + 1), 600.0)
        passed_s, suspended = step_s, False
        while passed_s < visit.stay_s - 30:
            moment = begun + timedelta(seconds=passed_s)
            session.energy_wh = visit.energy_wh * min(passed_s / max(visit.charge_s, 1.0), 1.0)
            if passed_s >= visit.charge_s and not suspended:
                session.power_w, suspended = 0.0, True
                self._become(plug, "SuspendedEV", begun + timedelta(seconds=visit.charge_s))
            self._call(self._dialect.meter(session, moment), moment)
            passed_s += step_s
        session.energy_wh, session.power_w = visit.energy_wh, 0.0
        over = begun + timedelta(seconds=visit.stay_s)
        self._call(
            self._dialect.stop(session, self._rng.choice(("Local", "EVDisconnected", "Remote")), over), over
        )
        self._meters[number] += session.energy_wh
        self._become(plug, "Finishing", over + timedelta(seconds=1))
        self._become(plug, "Available", over + timedelta(seconds=self._rng.uniform(20, 100)))

    # --- how it is written down ---

    def _become(self, plug: Plug, status: str, at: datetime) -> None:
        plug.status = status
        self._say_all(self._dialect.status(plug, at), at)

    def _say_all(self, calls: list[Call], at: datetime) -> None:
        for n, call in enumerate(calls):
            self._call(call, at + timedelta(milliseconds=150 * n))

    def _call(self, call: Call, at: datetime, outcome: str = "Accepted") -> dict[str, Any]:
        """One request and the back end's answer, tens of milliseconds later."""
        self._message += 1
        message_id = f"{self._number:x}-{self._message}"
        answered = at + timedelta(milliseconds=self._rng.randint(15, 120))
        answer = self._answer(call, answered, outcome)
        self._write(at, {"dir": "in", "raw": [2, message_id, call[0], call[1]]})
        self._write(answered, {"dir": "out", "raw": [3, message_id, answer]})
        return answer

    def _answer(self, call: Call, at: datetime, outcome: str) -> dict[str, Any]:
        action, payload = call
        match action:
            case "BootNotification":
                return {"status": "Accepted", "currentTime": stamp(at), "interval": HEARTBEAT_S}
            case "Heartbeat":
                return {"currentTime": stamp(at)}
            case "Authorize":
                name = "idTagInfo" if "idTag" in payload else "idTokenInfo"
                # 2.x has no Expired or Blocked card that 1.6 has not: the words are the same.
                return {name: {"status": outcome}}
            case "StartTransaction":
                self._transaction += 1
                return {"transactionId": self._transaction, "idTagInfo": {"status": "Accepted"}}
            case "TransactionEvent" if "idToken" in payload:
                return {"idTokenInfo": {"status": "Accepted"}}
            case _:
                return {}

    def _link(self, at: datetime, event: str) -> None:
        record: dict[str, Any] = {"event": event}
        if event == "connected":
            record["version"] = self._station.version
        self._write(at, record)

    def _write(self, at: datetime, record: dict[str, Any]) -> None:
        if self._start <= at < self._end:
            self._order += 1
            head = {"t": stamp(at.astimezone(UTC)), "station": self._station.identity}
            self._out.append((at, self._order, {**head, **record}))
