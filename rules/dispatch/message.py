"""The text of a notice: what, where, since when, whose and why, proof, first aid, link; plain text.

Decides words only, and never whether or to whom to send. Text that came from a station is data: one line,
without markup or links of its own, and capped, so that a charger cannot write an installer's mail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta

from rules.core.catalog import Catalog, Text
from rules.core.model import Asset, IncidentRow, NoticeReason, NoticeRow, Owner, Scope

BRUSSELS = ZoneInfo("Europe/Brussels")
MAX_VALUE = 160  # characters of one piece of foreign text
MAX_SUBJECT = 180
MAX_PROOFS = 6
MAX_MEMBERS = 8
UNKNOWN = "–"  # a value that a proof does not have

_FIELD = re.compile(r"\{(\w+)\}")
# Control characters, and the invisible ones that hide or reverse text (bidi marks, zero width, tags).
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\U000e0000-\U000e007f]+"
)
# Characters with which mail clients and chat services make links, mentions and formatting.
_HARMLESS = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "`": "'", "@": "(at)", "*": "·", "|": "¦"})


def clean(value: object, limit: int = MAX_VALUE) -> str:
    """Foreign text on one line, harmless in plain text and in chat markup, at most `limit` characters."""
    text = " ".join(_UNSEEN.sub(" ", str(value)).split())
    text = text.translate(_HARMLESS).replace("://", ": //")
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def fill(template: str, values: Mapping[str, str]) -> str:
    """`{name}` replaced by its value, once; an unknown name stays as it is. No other format syntax."""
    return _FIELD.sub(lambda match: values.get(match.group(1), match.group(0)), template)


def render(
    notice: NoticeRow,
    incident: IncidentRow,
    asset: Asset | None,
    catalog: Catalog,
    *,
    language: str,
    dashboard_url: str,
) -> tuple[str, str]:
    """Subject and plain-text body of `notice` in `language` (nl, fr or en; others become nl).

    `asset` is the register's row of the incident's station, or of any station of its site. Instants are
    shown in Belgian local time. `dashboard_url` is the pages' address, without a slash at the end.
    """
    page = _Page(notice, incident, asset, catalog, language=language, dashboard_url=dashboard_url.rstrip("/"))
    return page.subject(), page.body()


def mark_duplicate(catalog: Catalog, language: str, subject: str, body: str) -> tuple[str, str]:
    """The same message, saying that it may have arrived before."""
    head = catalog.text("message.duplicate.body", language)
    marked = fill(catalog.text("message.duplicate.subject", language), {"subject": subject})
    return marked, f"{head}\n\n{body}"


class Renderer:
    """Renders for the engine: knows the language of each destination and where to find assets.

    `register` is asked at each call, because the register may be replaced while the process runs.
    """

    def __init__(
        self,
        catalog: Catalog,
        register: Callable[[], Mapping[str, Asset]],
        languages: Mapping[str, str],
        dashboard_url: str,
    ) -> None:
        self._catalog = catalog
        self._register = register
        self._languages = dict(languages)
        self._dashboard_url = dashboard_url

    def __call__(self, notice: NoticeRow, incident: IncidentRow) -> tuple[str, str, str]:
        """(language, subject, body) of `notice`."""
        language = self._languages.get(notice.destination, "nl")
        subject, body = render(
            notice,
            incident,
            self._asset_of(incident),
            self._catalog,
            language=language,
            dashboard_url=self._dashboard_url,
        )
        return language, subject, body

    def mark_duplicate(self, language: str, subject: str, body: str) -> tuple[str, str]:
        return mark_duplicate(self._catalog, language, subject, body)

    def undelivered(
        self, language: str, destination: str, detail: str, subject: str, body: str
    ) -> tuple[str, str]:
        """The same message for the helpdesk, saying whom it did not reach. `detail` is in plain English."""
        head = fill(
            self._catalog.text("message.undelivered.body", language),
            {"destination": destination, "detail": detail},
        )
        marked = fill(
            self._catalog.text("message.undelivered.subject", language),
            {"destination": destination, "subject": subject},
        )
        return marked, f"{head}\n\n{body}"

    def _asset_of(self, incident: IncidentRow) -> Asset | None:
        register = self._register()
        if incident.station is not None:
            return register.get(incident.station)
        if incident.site is None:
            return None
        located = (asset for asset in register.values() if asset.site == incident.site)
        return next(located, None)


class _Page:
    """One message being written."""

    def __init__(
        self,
        notice: NoticeRow,
        incident: IncidentRow,
        asset: Asset | None,
        catalog: Catalog,
        *,
        language: str,
        dashboard_url: str,
    ) -> None:
        self.notice, self.incident, self.asset = notice, incident, asset
        self.catalog, self.language, self.dashboard_url = catalog, language, dashboard_url
        self.fault = catalog.faults.get(incident.fault)

    def say(self, key: str, /, **values: object) -> str:
        filled = {name: str(value) for name, value in values.items()}
        return fill(self.catalog.text(f"message.{key}", self.language), filled)

    def subject(self) -> str:
        incident = self.incident
        place = clean(incident.station or incident.site or self._scope(), 60)
        site = self.asset.site if self.asset is not None and incident.station else None
        if site:
            place = f"{place} ({clean(site, 40)})"
        reason = self.notice.reason.value
        text = self.say(
            f"subject.{reason}", fault=self._fault_name(), place=place, id=incident.incident_id[:8]
        )
        return text if len(text) <= MAX_SUBJECT else text[: MAX_SUBJECT - 1] + "…"

    def body(self) -> str:
        resolved = self.notice.reason is NoticeReason.RESOLVED
        blocks = [self._facts(), self._whose()]
        if not resolved:
            blocks += [self._proof(), self._advice()]
        blocks.append(self._foot())
        return "\n\n".join("\n".join(block) for block in blocks if block)

    def _facts(self) -> list[str]:
        incident, asset = self.incident, self.asset
        resolved = self.notice.reason is NoticeReason.RESOLVED
        lines = [self.say("what", fault=self._fault_name())]
        if incident.safety and not resolved:
            lines.append(self.say("safety"))
        if incident.imminent and not resolved:
            lines.append(self.say("imminent"))
        if not resolved:
            lines.append(self.say("severity", severity=self.say(f"severity.{incident.severity.value}")))
        lines.append(self.say("where", place=self._place()))
        if asset is not None and asset.latitude is not None and asset.longitude is not None:
            lines.append(self.say("map", link=_map_link(asset.latitude, asset.longitude)))
        if incident.station is None and len(incident.members) > 1:
            lines.append(self._members())
        make = " ".join(clean(part, 60) for part in (asset.make, asset.model) if part) if asset else ""
        if make and incident.station:
            lines.append(self.say("model", model=make))
        lines.append(self.say("since", when=self._when(incident.pending_at)))
        if resolved and incident.closed_at is not None:
            lasted = format_timedelta(
                incident.closed_at - incident.pending_at, threshold=1.5, locale=self._locale()
            )
            lines.append(self.say("until", when=self._when(incident.closed_at), duration=lasted))
        return lines

    def _whose(self) -> list[str]:
        incident = self.incident
        name = {Owner.INSTALLER: incident.installer, Owner.CUSTOMER: incident.customer}.get(incident.owner)
        owner = self.say(f"owner.{incident.owner.value}", name=clean(name or "?", 80))
        lines = [
            self.say(
                "owner",
                owner=owner,
                side=self.say(f"side.{incident.side.value}"),
                cause=self.say(f"cause.{incident.cause.value}"),
            )
        ]
        task = self.catalog.tasks.get(incident.task)
        if task is not None:
            lines.append(self.say("task", task=task.text.in_(self.language), id=task.id))
            if task.contact:
                contact = task.contact.in_(self.language) if isinstance(task.contact, Text) else task.contact
                lines.append(self.say("contact", contact=contact))
        lines.append(self.say("confidence", percent=round(incident.confidence * 100)))
        return lines

    def _proof(self) -> list[str]:
        evidence = self.incident.evidence
        if not evidence:
            return []
        # The first proof tells how it began, the last ones how it stands.
        shown = evidence if len(evidence) <= MAX_PROOFS else [evidence[0], *evidence[1 - MAX_PROOFS :]]
        lines = [self.say("evidence")]
        for proof in shown:
            values = {name: clean(_told(value)) for name, value in proof.values.items() if value is not None}
            text = fill(self.catalog.text(f"says.{proof.says}", self.language), values)
            lines.append(f"- {self._when(proof.at, short=True)} {_FIELD.sub(UNKNOWN, text)}")
        return lines

    def _advice(self) -> list[str]:
        if self.fault is None:
            return []
        lines = [self.say("first_aid"), self.fault.first_aid.in_(self.language)]
        if self.fault.not_to_do is not None:
            lines += [self.say("not_to_do"), self.fault.not_to_do.in_(self.language)]
        return lines

    def _foot(self) -> list[str]:
        link = f"{self.dashboard_url}/fault?id={quote(self.incident.incident_id, safe='')}"
        return [self.say("link", link=link), self.say("reference", key=self.notice.dedup_key)]

    def _fault_name(self) -> str:
        return self.fault.name.in_(self.language) if self.fault else clean(self.incident.fault, 60)

    def _scope(self) -> str:
        scope = self.incident.scope
        wide = (Scope.PLATFORM, Scope.FIRMWARE, Scope.CONNECTIVITY)
        return self.say(f"scope.{scope.value}") if scope in wide else "?"

    def _place(self) -> str:
        incident, asset = self.incident, self.asset
        parts: list[str] = []
        if incident.station is not None:
            parts.append(self.say("station", station=clean(incident.station, 60)))
            if incident.evse:
                parts.append(self.say("evse", evse=incident.evse))
                # In 1.6 the connector is its EVSE: naming the same number twice only confuses.
                if incident.connector and incident.connector != incident.evse:
                    parts.append(self.say("connector", connector=incident.connector))
        elif incident.site is None:
            return self._scope()
        site = incident.site or (asset.site if asset else None)
        if site:
            parts.append(self.say("site", site=clean(site, 80)))
        address = asset.address if asset else None
        parts.append(clean(address) if address else self.say("no_address"))
        return ", ".join(parts)

    def _members(self) -> str:
        members = self.incident.members
        names = ", ".join(clean(member, 40) for member in members[:MAX_MEMBERS])
        if len(members) > MAX_MEMBERS:
            names = f"{names}, {self.say('more', count=len(members) - MAX_MEMBERS)}"
        return self.say("members", count=len(members), stations=names)

    def _locale(self) -> str:
        return {"fr": "fr_BE", "en": "en_GB"}.get(self.language, "nl_BE")

    def _when(self, at: datetime, *, short: bool = False) -> str:
        style: Any = "dd/MM HH:mm:ss" if short else "EEEE d MMMM y, HH:mm"
        return format_datetime(at, style, tzinfo=BRUSSELS, locale=self._locale())


def _told(value: object) -> object:
    """A number without the decimals it does not have: registers are read as fractions."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _map_link(latitude: float, longitude: float) -> str:
    return f"https://www.openstreetmap.org/?mlat={latitude:.6f}&mlon={longitude:.6f}#map=18/{latitude:.6f}/{longitude:.6f}"
