"""Keeps who is silent where, and turns it into site and platform incidents.

Decides by `topology` when many are one, and which incidents become children. A wider incident clears when too
few of its members are still silent; whoever remains then speaks up alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from rules.core.book import Book
from rules.core.detect.silence import FAULT, silent_since
from rules.core.model import Asset, Effect, Evidence, Scope
from rules.core.policy import Policy
from rules.core.signals import Raise, place_key
from rules.core.state import JudgeState, StationState
from rules.core.topology import platform_outage, site_outage, threshold

RULE_SITE = "scope.site"
RULE_PLATFORM = "scope.platform"
SITE_FAULT = "site.offline"
PLATFORM_FAULT = "platform.offline"
PLATFORM_KEY = place_key(None, None, None, PLATFORM_FAULT)
SMALL_SITE = 3


class Outages:
    def __init__(self, state: JudgeState, book: Book, policy: Policy) -> None:
        self.state = state
        self.book = book
        self.policy = policy
        self.register: Mapping[str, Asset] = {}
        self.sites: dict[str, set[str]] = {}

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
        self._platform(site, at, out)

    def back(self, name: str, at: datetime, out: list[Effect]) -> None:
        """A station speaks again."""
        site = self.site_of(name)
        silent = self.state.silent.get(site)
        if silent is None or silent.pop(name, None) is None:
            return
        if not silent:
            del self.state.silent[site]
        key = place_key(site, None, None, SITE_FAULT)
        tracked = self.state.tracked.get(key)
        if tracked is not None:
            still = [m for m in tracked.row.members if m in self.state.silent.get(site, {})]
            if len(still) < threshold(len(self.sites.get(site, ()))):
                self.state.site_since.pop(site, None)
                self.book.gone(key, at, out, Evidence(at=at, says="site_back", values={"still": len(still)}))
        platform = self.state.tracked.get(PLATFORM_KEY)
        if platform is not None:
            members = set(platform.row.members)
            places = {s for s, names in self.state.silent.items() if members & names.keys()}
            if len(places) < self.policy.platform_min_sites:
                self.book.gone(
                    PLATFORM_KEY,
                    at,
                    out,
                    Evidence(at=at, says="platform_back", values={"still": len(places)}),
                )

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

    def _platform(self, site: str, at: datetime, out: list[Effect]) -> None:
        since = max(self.state.silent[site].values()) - timedelta(seconds=self.policy.platform_window_s)
        times: dict[str, datetime] = {}
        big: list[str] = []
        for name, silent in self.state.silent.items():
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
        tracked = self.state.tracked.get(PLATFORM_KEY)
        if tracked is None or set(members) - set(tracked.row.members):
            self.book.seen(
                Raise(
                    fault=PLATFORM_FAULT,
                    rule=RULE_PLATFORM,
                    scope=Scope.PLATFORM,
                    members=members,
                    evidence=(
                        Evidence(
                            at=at,
                            says="platform_silent",
                            values={"sites": len(places), "stations": len(members)},
                        ),
                    ),
                ),
                at,
                out,
            )
        for place in places:
            site_key = place_key(place, None, None, SITE_FAULT)
            if site_key in self.state.tracked:
                self.book.adopt(site_key, PLATFORM_KEY, at, out)
            else:
                for member in self.state.silent[place]:
                    self.book.adopt(place_key(member, None, None, FAULT), PLATFORM_KEY, at, out)
