"""Stations of one connectivity supplier silent together, over many sites, while others still speak.

Decides by the network code of the SIM card: mobile country and network code of the IMSI, else the issuer in
the ICCID. Where nobody else speaks either, it is the platform and not the supplier.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from rules.core.book import Book
from rules.core.detect.context import Context
from rules.core.detect.silence import FAULT as SILENT
from rules.core.model import Effect, Evidence, IncidentState, Scope
from rules.core.scope.topology import largest_cluster
from rules.core.signals import Raise, place_key
from rules.core.state import StationState

RULE = "scope.connectivity"
FAULT = "connectivity.offline"
JOIN_EVERY_S = 30.0


def supplier_of(station: StationState) -> str | None:
    """Five digits of the IMSI (country and network), or seven of the ICCID (89, country, issuer).

    What is behind them may be masked.
    """
    imsi, iccid = station.imsi or "", station.iccid or ""
    if len(imsi) >= 14 and imsi[:5].isdigit():
        return imsi[:5]
    if len(iccid) >= 18 and iccid.startswith("89"):
        return iccid[:7]
    return None


def fault_key(supplier: str) -> str:
    return place_key(None, None, None, FAULT, supplier)


class Suppliers:
    """`online` counts the stations that speak, by supplier; None are those without a known SIM card."""

    def __init__(self, book: Book, ctx: Context) -> None:
        self.book = book
        self.ctx = ctx
        self.known: dict[str, int] = {}
        self.online: dict[str | None, int] = {}
        for station in ctx.state.stations.values():
            supplier = supplier_of(station)
            if supplier is not None:
                self.known[supplier] = self.known.get(supplier, 0) + 1
            if station.link == "online":
                self.online[supplier] = self.online.get(supplier, 0) + 1

    def count(self, supplier: str | None, by: int) -> None:
        """A station of this supplier began (1) or ceased (-1) to speak."""
        self.online[supplier] = self.online.get(supplier, 0) + by

    def changed(self, before: str | None, station: StationState) -> None:
        """A boot told of another SIM card than `before`."""
        now = supplier_of(station)
        if now == before:
            return
        if before is not None:
            self.known[before] = self.known.get(before, 1) - 1
        if now is not None:
            self.known[now] = self.known.get(now, 0) + 1
        if station.link == "online":
            self.count(before, -1)
            self.count(now, 1)

    def _others_speak(self, supplier: str) -> bool:
        others = sum(self.online.values()) - self.online.get(supplier, 0)
        return others >= self.ctx.limit("supplier.least")

    def lost(
        self, name: str, station: StationState, since: datetime, at: datetime, out: list[Effect]
    ) -> bool:
        """A station fell silent. True when it is part of its supplier's outage."""
        supplier = supplier_of(station)
        if supplier is None:
            return False
        silent = self.ctx.state.suppliers.setdefault(supplier, {})
        silent[name] = since
        last = self.ctx.state.supplier_last.get(supplier, since)
        self.ctx.state.supplier_last[supplier] = max(last, since)
        window = self.ctx.policy.platform_window_s
        if fault_key(supplier) in self.ctx.state.tracked:
            if abs((since - last).total_seconds()) > window:
                return False
            self._join(supplier, name, at, out)
            return True
        known = self.known.get(supplier, 0)
        least = max(self.ctx.limit("supplier.least"), self.ctx.limit("supplier.share") * known)
        if len(silent) < least or not self._others_speak(supplier):
            return False
        cluster = largest_cluster(silent, window)
        if len(cluster) < least or name not in cluster:
            return False
        return self.declare(supplier, cluster, at, out)

    def explains(self, members: Iterable[str]) -> str | None:
        """The one supplier of (nearly) all of these silent stations, if stations of others still speak."""
        names = list(members)
        counts: dict[str | None, int] = {}
        for name in names:
            supplier = supplier_of(self.ctx.state.stations[name])
            counts[supplier] = counts.get(supplier, 0) + 1
        most = max(counts, key=lambda s: (counts[s], s or ""))
        if most is None or counts[most] < 0.9 * len(names) or not self._others_speak(most):
            return None
        return most

    def declare(self, supplier: str, members: Iterable[str], at: datetime, out: list[Effect]) -> bool:
        """One incident for all of them. False when they are on too few sites."""
        names = tuple(sorted(members))
        sites = {self._site(name) for name in names}
        if len(sites) < self.ctx.policy.platform_min_sites:
            return False
        proof = Evidence(
            at=at,
            says="supplier_silent",
            values={"stations": len(names), "sites": len(sites), "supplier": supplier},
        )
        self.book.seen(
            Raise(
                fault=FAULT,
                rule=RULE,
                scope=Scope.CONNECTIVITY,
                members=names,
                suffix=supplier,
                evidence=(proof,),
            ),
            at,
            out,
        )
        for name in names:
            self.book.adopt(place_key(name, None, None, SILENT), fault_key(supplier), at, out)
        return True

    def _site(self, name: str) -> str:
        asset = self.ctx.register.get(name)
        return asset.site if asset is not None and asset.site else f"~{name}"

    def _join(self, supplier: str, name: str, at: datetime, out: list[Effect]) -> None:
        fresh = self.ctx.state.supplier_new.setdefault(supplier, [])
        if not fresh:
            self.book.timers.set(at + timedelta(seconds=JOIN_EVERY_S), "supplier", supplier)
        fresh.append(name)
        self.book.adopt(place_key(name, None, None, SILENT), fault_key(supplier), at, out)

    def write_members(self, supplier: str, at: datetime, out: list[Effect]) -> None:
        """Members that joined since the last time; written at intervals: they may come by the thousand."""
        fresh = self.ctx.state.supplier_new.pop(supplier, [])
        tracked = self.ctx.state.tracked.get(fault_key(supplier))
        if tracked is not None and fresh:
            self.declare(supplier, {*tracked.row.members, *fresh}, at, out)

    def back(self, name: str, station: StationState, at: datetime, out: list[Effect]) -> None:
        """A station speaks again; the outage is over when few are left."""
        supplier = supplier_of(station)
        silent = self.ctx.state.suppliers.get(supplier or "")
        if supplier is None or silent is None or silent.pop(name, None) is None:
            return
        if not silent:
            del self.ctx.state.suppliers[supplier]
            self.ctx.state.supplier_last.pop(supplier, None)
        tracked = self.ctx.state.tracked.get(fault_key(supplier))
        if tracked is None or tracked.row.state is IncidentState.RECOVERING:
            return
        if len(silent) < self.ctx.limit("supplier.least"):
            proof = Evidence(at=at, says="supplier_back", values={"still": len(silent)})
            self.book.gone(fault_key(supplier), at, out, proof)

    def covers(self, names: Iterable[str]) -> bool:
        """Whether every one of these silent stations is part of its supplier's outage."""
        for name in names:
            supplier = supplier_of(self.ctx.state.stations[name])
            if supplier is None or fault_key(supplier) not in self.ctx.state.tracked:
                return False
        return True

    def yield_to(self, parent: str, at: datetime, out: list[Effect]) -> None:
        """The platform is out: suppliers' outages are part of that."""
        for supplier in sorted(self.ctx.state.suppliers):
            self.book.adopt(fault_key(supplier), parent, at, out)
