"""One firmware, many sites: the same make, model and firmware with the same fault is a fault of the firmware.

Decides when single faults are one wave. The wave is the operator's; the single incidents become its children
and speak up only if they remain. Safety faults keep speaking for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from rules.core.book import Book
from rules.core.detect.cohort import FAULT as BEHIND
from rules.core.detect.cohort import model_key
from rules.core.detect.context import Context
from rules.core.model import Cause, Effect, Evidence, IncidentState, Scope
from rules.core.signals import Raise, place_key
from rules.core.state import StationState

RULE = "scope.firmware"
FAULT = "firmware.wave"
JOIN_EVERY_S = 30.0
OWN_CAUSES = (Cause.CHARGER_HARDWARE, Cause.FIRMWARE, Cause.UNKNOWN)


class Waves:
    def __init__(self, book: Book, ctx: Context) -> None:
        self.book = book
        self.ctx = ctx
        self.wave_of: dict[str, tuple[str, str]] = {  # key of a single incident -> wave and station
            key: (wave, name)
            for wave, members in ctx.state.waves.items()
            for name, (_, key) in members.items()
        }

    def _site(self, name: str) -> str:
        asset = self.ctx.register.get(name)
        return asset.site if asset is not None and asset.site else f"~{name}"

    def _name(self, signal: Raise, station: StationState) -> str | None:
        """`make|model|firmware|fault`, None where the fault is not a firmware's to have or one is unknown."""
        fault = self.ctx.catalog.fault(signal.fault)
        cause = signal.cause or fault.cause
        if cause not in OWN_CAUSES or fault.id in (FAULT, BEHIND) or signal.scope is not None:
            return None
        asset = self.ctx.register.get(signal.station or "")
        model = model_key(
            station.make or (asset.make if asset else None), station.model or (asset.model if asset else None)
        )
        return f"{model}|{station.firmware}|{fault.id}" if model and station.firmware else None

    def seen(self, signal: Raise, station: StationState, at: datetime, out: list[Effect]) -> None:
        """A single fault was seen."""
        wave = self._name(signal, station)
        if wave is None or signal.station is None:
            return
        waves = self.ctx.state.waves
        members = waves.setdefault(wave, {})
        before = members.get(signal.station)
        new = before is None
        if before is not None:
            self.wave_of.pop(before[1], None)
        members[signal.station] = (at, signal.key)
        self.wave_of[signal.key] = (wave, signal.station)
        key = place_key(None, None, None, FAULT, wave)
        if key in self.ctx.state.tracked:
            self._join(wave, signal, at, out, new=new)
        elif new:
            self._look(wave, at, out)

    def _join(self, wave: str, signal: Raise, at: datetime, out: list[Effect], *, new: bool) -> None:
        """One more fault of a wave there is. Its row is written at intervals: many may come at once."""
        self._attach([signal.key], place_key(None, None, None, FAULT, wave), at, out)
        if not new or signal.station is None:
            return
        fresh = self.ctx.state.wave_new.setdefault(wave, [])
        if not fresh:
            self.book.timers.set(at + timedelta(seconds=JOIN_EVERY_S), "wave", wave)
        fresh.append(signal.station)

    def write_members(self, wave: str, at: datetime, out: list[Effect]) -> None:
        """The members that joined since the last time."""
        fresh = self.ctx.state.wave_new.pop(wave, [])
        tracked = self.ctx.state.tracked.get(place_key(None, None, None, FAULT, wave))
        if tracked is not None and fresh:
            names = {*tracked.row.members, *fresh}
            self.book.seen(self._raise(wave, names, at), at, out)

    def _look(self, wave: str, at: datetime, out: list[Effect]) -> None:
        """Whether the single faults are one wave now."""
        members = self.ctx.state.waves[wave]
        key = place_key(None, None, None, FAULT, wave)
        since = at - timedelta(seconds=self.ctx.limit("firmware.wave_s"))
        for name in [n for n, (when, _) in members.items() if when < since]:
            self.wave_of.pop(members.pop(name)[1], None)
        sites = {self._site(name) for name in members}
        model, firmware, _ = wave.rsplit("|", 2)
        alike = self.ctx.state.versions.get(model, {}).get(firmware, 0)
        if len(sites) < self.ctx.limit("firmware.wave_sites") or len(members) < alike * self.ctx.limit(
            "firmware.wave_share"
        ):
            return
        self.book.seen(self._raise(wave, members, at), at, out)
        self._attach([k for _, k in members.values()], key, at, out)

    def _raise(self, wave: str, members: Iterable[str], at: datetime) -> Raise:
        names = tuple(sorted(members))
        assets = [self.ctx.register.get(name) for name in names]
        installers = sorted({a.installer for a in assets if a is not None and a.installer})
        model, firmware, fault = wave.rsplit("|", 2)
        proof = Evidence(
            at=at,
            says="wave",
            values={
                "fault": fault,
                "stations": len(names),
                "model": model.replace("|", " "),
                "firmware": firmware,
                "sites": len({self._site(name) for name in names}),
                "installers": ", ".join(installers),
            },
        )
        return Raise(
            fault=FAULT, rule=RULE, scope=Scope.FIRMWARE, members=names, suffix=wave, evidence=(proof,)
        )

    def _attach(self, keys: list[str], parent: str, at: datetime, out: list[Effect]) -> None:
        for key in keys:
            tracked = self.ctx.state.tracked.get(key)
            if tracked is not None and not tracked.row.safety and tracked.row.parent is None:
                self.book.adopt(key, parent, at, out)

    def gone(self, key: str, at: datetime, out: list[Effect]) -> None:
        """A single fault is over. The wave ends when few are left."""
        found = self.wave_of.pop(key, None)
        if found is None:
            return
        wave, name = found
        members = self.ctx.state.waves.get(wave, {})
        if members.get(name, (at, ""))[1] == key:
            members.pop(name, None)
        if not members:
            self.ctx.state.waves.pop(wave, None)
        parent = place_key(None, None, None, FAULT, wave)
        tracked = self.ctx.state.tracked.get(parent)
        if tracked is None or tracked.row.state is IncidentState.RECOVERING:
            return
        if len({self._site(n) for n in members}) * 2 < self.ctx.limit("firmware.wave_sites"):
            self.book.gone(parent, at, out, Evidence(at=at, says="wave_over", values={"still": len(members)}))
