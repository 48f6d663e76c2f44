"""Keeps who is silent where, and turns it into site and platform incidents.

Decides by `topology` when many are one, and which incidents become children. A wider incident clears when too
few of its members are still silent; whoever remains then speaks up alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from rules.core.book import Book
from rules.core.detect.silence import FAULT, silent_since
from rules.core.model import Asset, Effect, Evidence, IncidentState, Scope
from rules.core.policy import Policy
from rules.core.scope.supplier import Suppliers
from rules.core.scope.topology import platform_outage, site_outage, threshold
from rules.core.signals import Raise, place_key
from rules.core.state import JudgeState, StationState

RULE_SITE = "scope.site"
RULE_PLATFORM = "scope.platform"
SITE_FAULT = "site.offline"
PLATFORM_FAULT = "platform.offline"
PLATFORM_KEY = place_key(None, None, None, PLATFORM_FAULT)
SMALL_SITE = 3
JOIN_EVERY_S = 30.0


class Outages:
    def __init__(self, state: JudgeState, book: Book, policy: Policy, suppliers: Suppliers) -> None:
        self.state = state
        self.suppliers = suppliers
        self.book = book
        self.policy = policy
        self.register: Mapping[str, Asset] = {}
        self.sites: dict[str, set[str]] = {}
        self._members: tuple[list[str], frozenset[str]] = ([], frozenset())

    def set_register(self, register: Mapping[str, Asset]) -> None:
        self.register = register
        self.sites = {}
        for name in self.state.stations:
            self.heard(name)

    def site_of(self, name: str) -> str:
        """The site; a station without one is its own site, marked by a leading `~`."""
        asset = self.register.get(name)
        return asset.site if asset is not None and asset.site else f"~{name}"

    def heard(self, name: str) -> None:
        self.sites.setdefault(self.site_of(name), set()).add(name)

    def lost(self, name: str, station: StationState, at: datetime, out: list[Effect]) -> None:
        """A station went offline; its own incident exists already."""
        site = self.site_of(name)
        self.state.silent.setdefault(site, {})[name] = silent_since(station)
        if not site.startswith("~"):
            self._site(site, at, out)
        since = self.state.silent[site][name]
        if not self.suppliers.lost(name, station, since, at, out):
            self._platform(name, site, at, out)

    def back(self, name: str, at: datetime, out: list[Effect]) -> None:
        """A station speaks again."""
        self.suppliers.back(name, self.state.stations[name], at, out)
        site = self.site_of(name)
        silent = self.state.silent.get(site)
        if silent is None or silent.pop(name, None) is None:
            return
        if not silent:
            del self.state.silent[site]
        key = place_key(site, None, None, SITE_FAULT)
        tracked = self.state.tracked.get(key)
        if tracked is not None:
            here = self.state.silent.get(site, {})
            still = sum(1 for member in tracked.row.members if member in here)
            if still < threshold(len(self.sites.get(site, ()))):
                self.state.site_since.pop(site, None)
                self.book.gone(key, at, out, Evidence(at=at, says="site_back", values={"still": still}))
        platform = self.state.tracked.get(PLATFORM_KEY)
        if platform is not None and platform.row.state is not IncidentState.RECOVERING:
            still = self._silent_places(platform.row.members)
            if still < self.policy.platform_min_sites:
                self.book.gone(
                    PLATFORM_KEY, at, out, Evidence(at=at, says="platform_back", values={"still": still})
                )

    def _silent_places(self, members: list[str]) -> int:
        """How many sites of the platform outage are still silent; counting stops at what keeps it open."""
        if members is not self._members[0]:
            self._members = (members, frozenset(members))
        known, fresh = self._members[1], self.state.platform_new
        places = 0
        for names in self.state.silent.values():
            if any(name in known or name in fresh for name in names):
                places += 1
                if places >= self.policy.platform_min_sites:
                    break
        return places

    def _window(self, members: Mapping[str, datetime]) -> float:
        """The site window, widened by what heartbeats leave open: a station whose connection did not break
        may have been lost at any time up to its next heartbeat."""
        slack = 0.0
        for name in members:
            station = self.state.stations[name]
            if station.connected is not False:
                slack = max(slack, float(station.heartbeat_s or self.policy.default_heartbeat_s))
        return self.policy.site_window_s + min(slack, self.policy.platform_window_s)

    def _site(self, site: str, at: datetime, out: list[Effect]) -> None:
        silent = self.state.silent[site]
        members = site_outage(silent, len(self.sites.get(site, ())), self._window(silent))
        if not members:
            return
        key = place_key(site, None, None, SITE_FAULT)
        first = min(silent[m] for m in members)
        self.state.site_since[site] = first
        tracked = self.state.tracked.get(key)
        if tracked is None or set(members) - set(tracked.row.members):
            self.book.seen(
                Raise(
                    fault=SITE_FAULT,
                    rule=RULE_SITE,
                    site=site,
                    scope=Scope.SITE,
                    members=members,
                    evidence=(
                        Evidence(
                            at=at,
                            says="site_silent",
                            values={
                                "stations": len(members),
                                "of": len(self.sites.get(site, ())),
                                "since": first.isoformat(),
                            },
                        ),
                    ),
                ),
                at,
                out,
            )
        for member in members:
            self.book.adopt(place_key(member, None, None, FAULT), key, at, out)

    def _platform(self, name: str, site: str, at: datetime, out: list[Effect]) -> None:
        """A platform outage that lasts takes new members in; else look whether there is one now."""
        last, since = self.state.platform_last, self.state.silent[site][name]
        if PLATFORM_KEY in self.state.tracked and last is not None:
            if abs((since - last).total_seconds()) <= self.policy.platform_window_s:
                self._join(name, site, since, at, out)
            return
        self._look(site, at, out)

    def _join(self, name: str, site: str, since: datetime, at: datetime, out: list[Effect]) -> None:
        """One more member. Its row is written at intervals: in a large outage they come by the thousand."""
        self.state.platform_last = max(since, self.state.platform_last or since)
        if not self.state.platform_new:
            self.book.timers.set(at + timedelta(seconds=JOIN_EVERY_S), "members", PLATFORM_KEY)
        self.state.platform_new.append(name)
        self._attach(site, (name,), at, out)

    def write_members(self, at: datetime, out: list[Effect]) -> None:
        """The members that joined since the last time."""
        fresh, self.state.platform_new = tuple(self.state.platform_new), []
        if PLATFORM_KEY in self.state.tracked and fresh:
            self._seen_platform(fresh, at, out)

    def _attach(self, site: str, members: Iterable[str], at: datetime, out: list[Effect]) -> None:
        """The site's incident where it has one, else those of its stations."""
        site_key = place_key(site, None, None, SITE_FAULT)
        if site_key in self.state.tracked:
            self.book.adopt(site_key, PLATFORM_KEY, at, out)
            return
        for member in members:
            self.book.adopt(place_key(member, None, None, FAULT), PLATFORM_KEY, at, out)

    def _look(self, site: str, at: datetime, out: list[Effect]) -> None:
        since = max(self.state.silent[site].values()) - timedelta(seconds=self.policy.platform_window_s)
        times: dict[str, datetime] = {}
        big: list[str] = []
        for name, silent in self.state.silent.items():
            if self.suppliers.covers(silent):
                continue
            when = self.state.site_since.get(name)
            if when is not None:
                if when >= since:
                    big.append(name)
                    times[name] = when
            elif len(self.sites.get(name, ())) < SMALL_SITE and len(silent) == len(self.sites.get(name, ())):
                when = max(silent.values())
                if when >= since:
                    times[name] = when
        places = platform_outage(
            times,
            big=big,
            known_sites=len(self.sites),
            window_s=self.policy.platform_window_s,
            least=self.policy.platform_min_sites,
            share=self.policy.platform_share,
        )
        if not places or site not in places:
            return
        members = tuple(sorted(m for place in places for m in self.state.silent[place]))
        supplier = self.suppliers.explains(members)
        if supplier is not None and self.suppliers.declare(supplier, members, at, out):
            return
        self.state.platform_last = max(self.state.silent[p][m] for p in places for m in self.state.silent[p])
        self._seen_platform(members, at, out)
        for place in places:
            self._attach(place, self.state.silent[place], at, out)
        self.suppliers.yield_to(PLATFORM_KEY, at, out)

    def _seen_platform(self, members: tuple[str, ...], at: datetime, out: list[Effect]) -> None:
        tracked = self.state.tracked.get(PLATFORM_KEY)
        everyone = {*members, *(tracked.row.members if tracked is not None else ())}
        sites = len({self.site_of(name) for name in everyone})
        proof = Evidence(at=at, says="platform_silent", values={"sites": sites, "stations": len(everyone)})
        self.book.seen(
            Raise(
                fault=PLATFORM_FAULT,
                rule=RULE_PLATFORM,
                scope=Scope.PLATFORM,
                members=members,
                evidence=(proof,),
            ),
            at,
            out,
        )
