"""What can be said of one incident, word by word, in one language: the values that templates name.

Decides how each word reads; a word without a value is absent. Never decides which of them a reader sees:
the templates of `messages.yaml` do.
"""

from __future__ import annotations

from urllib.parse import quote

from msgspec import Struct

from rules.core.catalog.entries import Catalog, Text
from rules.core.catalog.templates import FIELD, fill
from rules.core.model import (
    Asset,
    Cause,
    Evidence,
    IncidentRow,
    NoticeReason,
    NoticeRow,
    Owner,
    Scope,
)
from rules.core.routing.informed import merely_informed
from rules.core.verdict import explain
from rules.dispatch import wording
from rules.dispatch.wording import clean

MAX_PROOFS = 6
MAX_MEMBERS = 8
UNKNOWN = "–"  # a value that a proof does not have
# Faults at which somebody may stand at the station and cannot leave.
HOLDS_A_DRIVER = frozenset({"connector.lock", "connector.unlock_failed", "backend.remote_stop_refused"})


class Facts(Struct, frozen=True, kw_only=True):
    """One incident and what is needed to tell of it. `asset`: the register's row of its station, or of any
    station of its site. `dashboard_url`: the pages' address without a slash at the end."""

    incident: IncidentRow
    asset: Asset | None
    catalog: Catalog
    language: str
    dashboard_url: str

    def say(self, key: str, /, **values: object) -> str:
        """A text of the catalogue, with values that are clean already."""
        filled = {name: str(value) for name, value in values.items()}
        return fill(self.catalog.text(f"message.{key}", self.language), filled)

    def values(self) -> dict[str, str]:
        """Every word that has a value."""
        words = self._what() | self._where() | self._when() | self._whose() | self._advice()
        return {name: text for name, text in words.items() if text}

    # --- what ---

    def _what(self) -> dict[str, str]:
        row = self.incident
        return {
            "fault": self.fault_name(),
            "plain": self._first_of("plain", row.fault, row.cause.value),
            "severity": self.say(f"severity.{row.severity.value}"),
            "safety": self.say("safety") if row.safety else "",
            "imminent": self.say("imminent") if row.imminent else "",
            "driver": self.say("driver") if self.holds_a_driver() else "",
            "driver_short": self.say("driver_short") if self.holds_a_driver() else "",
            "count": str(row.count) if row.count > 1 else "",
            "rule": f"{row.rule_id} {row.rule_version}".strip(),
            "confidence": f"{round(row.confidence * 100)}{'%' if self.language == 'en' else ' %'}",
            "evidence": "\n".join(f"- {line}" for line in self.proofs()),
            "alternatives": "\n".join(f"- {name}" for name in self.alternatives()),
            "id": row.incident_id[:8],
            "link": self.link(),
        }

    def holds_a_driver(self) -> bool:
        return self.incident.driver_stuck or self.incident.fault in HOLDS_A_DRIVER

    def fault_name(self) -> str:
        fault = self.catalog.faults.get(self.incident.fault)
        return fault.name.in_(self.language) if fault else clean(self.incident.fault, 60)

    def alternatives(self) -> list[str]:
        """What else it could be."""
        if self.incident.fault not in self.catalog.faults:
            return []
        return explain.alternatives(self.incident.fault, self.catalog, self.language)

    def proofs(self) -> list[str]:
        """The proofs as sentences with their time. The first one tells how it began, the last ones how it
        stands; between them some may be left out."""
        evidence = self.incident.evidence
        if len(evidence) > MAX_PROOFS:
            evidence = [evidence[0], *evidence[1 - MAX_PROOFS :]]
        return [f"{wording.when_exact(one.at, self.language)} {self.sentence(one)}" for one in evidence]

    def sentence(self, proof: Evidence) -> str:
        values = {name: clean(_told(value)) for name, value in proof.values.items() if value is not None}
        text = fill(self.catalog.text(f"says.{proof.says}", self.language), values)
        return FIELD.sub(UNKNOWN, text)

    def link(self) -> str:
        return f"{self.dashboard_url}/fault?id={quote(self.incident.incident_id, safe='')}"

    # --- where ---

    def _where(self) -> dict[str, str]:
        row, asset = self.incident, self.asset
        make = " ".join(clean(part, 60) for part in (asset.make, asset.model) if part) if asset else ""
        members = ""
        if row.station is None and len(row.members) > 1:
            members = self._members(row.members)
        return {
            "place": self.place(),
            "station": clean(row.station, 60) if row.station else "",
            "site": self.site(),
            "spot": self.spot(),
            "address": clean(asset.address) if asset and asset.address else "",
            "map": self.map_link(),
            "members": members,
            "model": make if row.station else "",
        }

    def place(self) -> str:
        """The whole of it: station, EVSE, connector, site, address."""
        row, asset = self.incident, self.asset
        if row.station is None and row.site is None:
            return self.scope()
        site = self.site()
        parts = [self.spot()] if row.station else [self.say("site", site=site)]
        if row.station and site:
            parts.append(self.say("site", site=site))
        address = asset.address if asset else None
        parts.append(clean(address) if address else self.say("no_address"))
        return ", ".join(parts)

    def spot(self) -> str:
        """Station, EVSE and connector; or what is wider than a station."""
        row = self.incident
        if row.station is None:
            return self.say("spot.site", site=clean(row.site, 80)) if row.site else self.scope()
        parts = [self.say("station", station=clean(row.station, 60))]
        if row.evse:
            parts.append(self.say("evse", evse=row.evse))
            # In 1.6 the connector is its EVSE: naming the same number twice only confuses.
            if row.connector and row.connector != row.evse:
                parts.append(self.say("connector", connector=row.connector))
        return ", ".join(parts)

    def short_place(self) -> str:
        """Station with its site, or what is wider."""
        row = self.incident
        place = clean(row.station or row.site or self.scope(), 60)
        site = clean(self.asset.site, 40) if self.asset and self.asset.site and row.station else ""
        return f"{place} ({site})" if site else place

    def scope(self) -> str:
        wide = (Scope.PLATFORM, Scope.FIRMWARE, Scope.CONNECTIVITY)
        return self.say(f"scope.{self.incident.scope.value}") if self.incident.scope in wide else "?"

    def map_link(self) -> str:
        asset = self.asset
        if asset is None:
            return ""
        if asset.latitude is None or asset.longitude is None:
            address = clean(asset.address) if asset.address else ""
            return f"https://www.openstreetmap.org/search?query={quote(address, safe='')}" if address else ""
        spot = f"{asset.latitude:.6f}", f"{asset.longitude:.6f}"
        return f"https://www.openstreetmap.org/?mlat={spot[0]}&mlon={spot[1]}#map=18/{spot[0]}/{spot[1]}"

    def site(self) -> str:
        site = self.incident.site or (self.asset.site if self.asset else None)
        return clean(site, 80) if site else ""

    def _members(self, members: list[str]) -> str:
        names = ", ".join(clean(member, 40) for member in members[:MAX_MEMBERS])
        if len(members) > MAX_MEMBERS:
            names = f"{names}, {self.say('more', count=len(members) - MAX_MEMBERS)}"
        return self.say("members", count=len(members), stations=names)

    # --- when ---

    def _when(self) -> dict[str, str]:
        row, language = self.incident, self.language
        words = {
            "since": wording.when(row.pending_at, language),
            "since_short": wording.when_short(row.pending_at, language),
        }
        if row.closed_at is not None:
            gone = row.recovering_at or row.closed_at  # it was watched for a while before it was over
            words["until"] = wording.when(gone, language)
            words["until_short"] = wording.when_short(gone, language)
            words["duration"] = wording.lasted(gone - row.pending_at, language)
        return words | self._handled()

    def _handled(self) -> dict[str, str]:
        """That nobody has answered yet although others were called, and what is late by its contract."""
        row, words = self.incident, dict[str, str]()
        chain = row.escalation
        if chain is not None and chain.stopped_at is None and any(step.done_at for step in chain.steps):
            words["called"] = self.say("called", when=wording.when(chain.started_at, self.language))
        if row.repair_breached_at is not None and row.repair_by is not None:
            words["late"] = self.say("late.repair", when=wording.when(row.repair_by, self.language))
        elif row.response_breached_at is not None and row.responded_at is None and row.respond_by is not None:
            words["late"] = self.say("late.response", when=wording.when(row.respond_by, self.language))
        return words

    # --- whose ---

    def _whose(self) -> dict[str, str]:
        row = self.incident
        name = {Owner.INSTALLER: row.installer, Owner.CUSTOMER: row.customer}.get(row.owner)
        whose = clean(name, 80) if name else self.say("owner.unknown")
        owner = self.say(f"owner.{row.owner.value}", name=whose)
        task = self.catalog.tasks.get(row.task)
        words = {
            "owner": owner,
            "side": self.say(f"side.{row.side.value}"),
            "cause": self.say(f"cause.{row.cause.value}"),
            "solver": self.say(f"solver.{row.owner.value}", name=whose),
            "helpdesk": self._helpdesk(),
            "here": self._here(),
        }
        if task is not None:
            words["task"] = task.text.in_(self.language)
            words["contact"] = self._contact(task.contact)
        return words

    def _here(self) -> str:
        """Why the helpdesk has what is another's by its fault; empty where that other has it."""
        row = self.incident
        if row.route_party != Owner.OPERATOR.value or row.owner is Owner.OPERATOR:
            return ""
        return clean(row.route_words.get(self.language, ""))

    def holder(self) -> str:
        """The party it was routed to, which need not be the one whose it is by its fault."""
        kind, _, name = (self.incident.route_party or Owner.OPERATOR.value).partition(":")
        return self.say(f"owner.{kind}", name=clean(name, 80) or self.say("owner.unknown"))

    def informed(self, notice: NoticeRow, reason: NoticeReason) -> str:
        """That the reader of `notice` need not act; empty for who must, and for the helpdesk, which reads
        whose it is. `reason`: why this incident is told."""
        asked = reason is NoticeReason.ESCALATED  # the step that calls somebody is marked only after this
        if asked or notice.party == Owner.OPERATOR.value:
            return ""
        routing = self.catalog.routing
        told = merely_informed(self.incident, routing, notice.destination, notice.party)
        return self.say("informed") if told else ""

    def _helpdesk(self) -> str:
        tasks = self.catalog.tasks.values()
        return next((self._contact(t.contact) for t in tasks if t.owner is Owner.OPERATOR and t.contact), "")

    def _contact(self, contact: str | Text) -> str:
        return contact.in_(self.language) if isinstance(contact, Text) else contact

    # --- what to do ---

    def _advice(self) -> dict[str, str]:
        row = self.incident
        words = {"bring": self._first_of("bring", row.fault, row.cause.value)}
        fault = self.catalog.faults.get(row.fault)
        if fault is not None:
            words["first_aid"] = fault.first_aid.in_(self.language)
            if fault.not_to_do is not None:
                words["not_to_do"] = fault.not_to_do.in_(self.language)
            if row.owner is Owner.CUSTOMER or row.cause in (Cause.DRIVER, Cause.VEHICLE):
                words["your_part"] = words["first_aid"]
        return words

    def _first_of(self, kind: str, *names: str) -> str:
        """The first text there is of `message.<kind>.<name>`; empty when there is none."""
        for name in names:
            text = self.catalog.texts.get(f"message.{kind}.{name}")
            if text is not None:
                return text.in_(self.language)
        return ""


def _told(value: object) -> object:
    """A number without the decimals it does not have: registers are read as fractions."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
