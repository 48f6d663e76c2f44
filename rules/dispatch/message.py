"""The text of a notice, by template for its audience and language; plain text, or short for a phone.

Decides which template a notice takes and never whether or to whom to send. Text that came from a station is
made harmless (`wording`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import Struct

from rules.core.catalog.entries import Catalog
from rules.core.catalog.templates import fill, lay_out
from rules.core.model import Asset, IncidentRow, NoticeReason, NoticeRow, PlannedWork
from rules.dispatch import group_message, webhook
from rules.dispatch.message_facts import Facts
from rules.dispatch.planned_message import PlannedPage
from rules.dispatch.wording import capped

MAX_SUBJECT = 180
SHORT_SUBJECT = 70
LEAST_WORDS = 60  # characters of words that a short message keeps beside its link
BRAND = "[Laadwacht] "


class Addressee(Struct, frozen=True, kw_only=True):
    """How a destination reads. `short`: characters that its service carries, None where there is room.
    `payload`: it takes the facts as JSON beside the words."""

    language: str = "nl"
    short: int | None = None
    payload: bool = False


def audience_of(party: str) -> str:
    """helpdesk, installer or customer."""
    kind = party.partition(":")[0]
    return kind if kind in ("installer", "customer") else "helpdesk"


def render(
    notice: NoticeRow,
    incident: IncidentRow,
    asset: Asset | None,
    catalog: Catalog,
    *,
    language: str,
    dashboard_url: str,
    short: int | None = None,
) -> tuple[str, str]:
    """Subject and plain-text body of `notice` in `language` (nl, fr or en; others become nl).

    `asset` is the register's row of the incident's station, or of any station of its site. Instants are
    shown in Belgian local time. `dashboard_url` is the pages' address, without a slash at the end. `short`:
    subject and body together take at most so many characters.
    """
    facts = Facts(
        incident=incident,
        asset=asset,
        catalog=catalog,
        language=language,
        dashboard_url=dashboard_url.rstrip("/"),
    )
    page = _Page(notice, facts)
    return page.short(short) if short is not None else (page.subject(), page.body())


def mark_duplicate(catalog: Catalog, language: str, subject: str, body: str) -> tuple[str, str]:
    """The same message, saying that it may have arrived before. A short one says so in its subject only."""
    marked = fill(catalog.text("message.duplicate.subject", language), {"subject": subject})
    if "\n" not in body:
        return marked, body
    return marked, f"{catalog.text('message.duplicate.body', language)}\n\n{body}"


class Renderer:
    """Renders for the engine: knows how each destination reads and where to find assets.

    `register` is asked at each call, because the register may be replaced while the process runs.
    """

    def __init__(
        self,
        catalog: Catalog,
        register: Callable[[], Mapping[str, Asset]],
        addressees: Mapping[str, Addressee],
        dashboard_url: str,
        *,
        customer: Callable[[str], Addressee | None] = lambda _destination: None,
        unsubscribe: Callable[[str], str] = lambda _destination: "",
    ) -> None:
        """`customer` tells how the customer behind a destination `customers/<id>` reads; `unsubscribe` gives
        the link that ends it."""
        self._customer = customer
        self._unsubscribe = unsubscribe
        self._catalog = catalog
        self._register = register
        self._addressees = dict(addressees)
        self._dashboard_url = dashboard_url.rstrip("/")

    def use(self, catalog: Catalog, addressees: Mapping[str, Addressee]) -> None:
        """From now on. Called on the thread that renders; what a lane words meanwhile is by either one."""
        self._catalog, self._addressees = catalog, dict(addressees)

    def __call__(
        self, notice: NoticeRow, incident: IncidentRow, others: Sequence[IncidentRow] = (), /
    ) -> tuple[str, str, str, str | None]:
        """(language, subject, body, payload) of `notice`; the payload is JSON, where its reader takes it.
        `others`: further incidents that it tells of, in its order."""
        reader = self._reader(notice.destination)
        all_facts = [
            Facts(
                incident=row,
                asset=self._asset_of(row),
                catalog=self._catalog,
                language=reader.language,
                dashboard_url=self._dashboard_url,
            )
            for row in (incident, *others)
        ]
        facts = all_facts[0]
        ending = self._unsubscribe(notice.destination)
        page = group_message.GroupPage(notice, all_facts, ending) if others else _Page(notice, facts, ending)
        subject, body = (
            page.short(reader.short) if reader.short is not None else (page.subject(), page.body())
        )
        payload = None
        if reader.payload:
            told = webhook.payload(notice, facts, audience_of(notice.party))
            if others:
                told["items"] = group_message.items(notice, all_facts)
            payload = msgspec.json.encode(told).decode()
        return reader.language, subject, body, payload

    def of_work(self, notice: NoticeRow, work: PlannedWork) -> tuple[str, str, str]:
        """(language, subject, body) of a notice of planned work."""
        reader = self._reader(notice.destination)
        page = PlannedPage(
            notice,
            work,
            self._register(),
            self._catalog,
            reader.language,
            self._dashboard_url,
            self._unsubscribe(notice.destination),
        )
        subject, body = (
            page.short(reader.short) if reader.short is not None else (page.subject(), page.body())
        )
        return reader.language, subject, body

    def _reader(self, destination: str) -> Addressee:
        known = self._addressees.get(destination)
        return known or self._customer(destination) or Addressee()

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

    def ended(self, language: str, subject: str) -> tuple[str, str]:
        """That it is over, for who was told of it in another's stead, under `subject`."""
        words = {"subject": subject.removeprefix(BRAND).strip()}
        head = fill(self._catalog.text("message.ended_elsewhere.subject", language), words)
        return capped(head, MAX_SUBJECT), fill(
            self._catalog.text("message.ended_elsewhere.body", language), words
        )

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

    def __init__(self, notice: NoticeRow, facts: Facts, unsubscribe: str = "") -> None:
        self.notice, self.facts = notice, facts
        self.audience = audience_of(notice.party)
        self.words = facts.values() | {"reference": notice.dedup_key, "unsubscribe": unsubscribe}
        if notice.reason is NoticeReason.RESOLVED:  # what to beware of and to do is over
            for word in ("safety", "imminent", "driver", "driver_short", "your_part"):
                self.words.pop(word, None)
        elif informed := facts.informed(notice, notice.reason):
            self.words.pop("task", None)
            self.words |= {"informed": informed, "owner": facts.holder()}

    def _template(self, kind: str) -> str:
        """The template of this reason for this audience, or that audience's own for every other reason."""
        texts, reason = self.facts.catalog.texts, self.notice.reason.value
        for key in (f"{kind}.{self.audience}.{reason}", f"{kind}.{self.audience}", f"{kind}.{reason}"):
            found = texts.get(f"message.{key}")
            if found is not None:
                return found.in_(self.facts.language)
        return f"message.{kind}.{self.audience}"

    def subject(self) -> str:
        fault = self.words["fault"]
        words = self.words | {"place": self.facts.short_place(), "fault": fault[:1].upper() + fault[1:]}
        return capped(lay_out(self._template("subject"), words).replace("\n", " "), MAX_SUBJECT)

    def body(self) -> str:
        return lay_out(self._template("body"), self.words)

    def short(self, limit: int) -> tuple[str, str]:
        """Subject and body for a phone: together at most `limit` characters, the link last where it fits."""
        subject = self.subject().removeprefix(BRAND).removesuffix(f" #{self.words['id']}")
        subject = capped(subject, min(SHORT_SUBJECT, limit // 2))
        room = limit - len(subject) - 2
        link = self.facts.link()
        with_link = len(link) + 1 <= room - LEAST_WORDS
        words = " ".join(lay_out(self._template("short"), self.words).split()) or subject
        text = capped(words, room - len(link) - 1 if with_link else room)
        return subject, f"{text} {link}" if with_link else text
