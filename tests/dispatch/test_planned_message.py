"""What a customer reads of planned work: exactly these words, in three languages, without why it is done."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from data.catalog_files import load_catalog
from rules.core.calendar.recurrence import Cron, Once, Recurrence, Weekly
from rules.core.catalog.entries import Catalog
from rules.core.model import Asset, NoticeReason, NoticeRow, PlannedWork
from rules.dispatch.planned_message import PlannedPage

BEGINS, ENDS = datetime(2026, 11, 24, 21, tzinfo=UTC), datetime(2026, 11, 25, 1, 30, tzinfo=UTC)
REGISTER = {
    name: Asset(station=name, site="Korenmarkt", address="Korenmarkt 1, 9000 Gent", customer="Stad Gent")
    for name in ("BE-1", "BE-2")
}
NIGHTS = Weekly(days=(0, 3), start="22:00", end="02:30")
CALLED_OFF = NoticeReason.CALLED_OFF


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def page(
    catalog: Catalog,
    language: str = "nl",
    reason: NoticeReason = NoticeReason.PLANNED,
    *,
    stations: tuple[str, ...] = ("BE-1", "BE-2"),
    recurrence: Recurrence | None = None,
    until: datetime | None = None,
    begun: bool = False,
) -> PlannedPage:
    work = PlannedWork(
        window_id="m1",
        stations=list(stations),
        since=BEGINS,
        until=ENDS,
        recurrence=recurrence or Once(),
        repeats_until=until,
        begun=begun,
    )
    notice = NoticeRow(
        dedup_key="m1:customers/1:0",
        incident_id="m1",
        destination="customers/1",
        party="customer:Stad Gent",
        seq=0,
        reason=reason,
        created_at=BEGINS,
        not_before=BEGINS,
        work=work,
    )
    return PlannedPage(notice, work, REGISTER, catalog, language, "https://w.be", "https://w.be/stop")


GOLDEN = {
    "nl": """Gepland werk aan uw laadpalen: 2 laadpalen (Korenmarkt)

Er is werk gepland aan uw laadpalen. Tijdens het werk kan het laden uitvallen. U hoeft niets te doen.

Wanneer: van dinsdag 24 november 2026, 22:00 tot woensdag 25 november 2026, 02:30 (Belgische tijd)

Laadpalen:
- BE-1 (Korenmarkt, Korenmarkt 1, 9000 Gent)
- BE-2 (Korenmarkt, Korenmarkt 1, 9000 Gent)

U krijgt een bericht als het werk niet doorgaat of vroeger klaar is.

Meer weten: https://w.be
Geen berichten meer: https://w.be/stop
Kenmerk: m1:customers/1:0""",
    "fr": """Travaux prévus à vos bornes : 2 bornes (Korenmarkt)

Des travaux sont prévus à vos bornes. Pendant les travaux, la recharge peut être interrompue. Vous ne devez \
rien faire.

Quand : du mardi 24 novembre 2026, 22:00 au mercredi 25 novembre 2026, 02:30 (heure belge)

Bornes :
- BE-1 (Korenmarkt, Korenmarkt 1, 9000 Gent)
- BE-2 (Korenmarkt, Korenmarkt 1, 9000 Gent)

Vous recevrez un message si les travaux n'ont pas lieu ou finissent plus tôt.

En savoir plus : https://w.be
Ne plus recevoir de messages : https://w.be/stop
Référence : m1:customers/1:0""",
    "en": """Planned work on your chargers: 2 chargers (Korenmarkt)

Work is planned on your chargers. Charging may fail while it lasts. You need do nothing.

When: from Tuesday 24 November 2026, 22:00 to Wednesday 25 November 2026, 02:30 (Belgian time)

Chargers:
- BE-1 (Korenmarkt, Korenmarkt 1, 9000 Gent)
- BE-2 (Korenmarkt, Korenmarkt 1, 9000 Gent)

You will get a message if the work is called off or done early.

More: https://w.be
No more messages: https://w.be/stop
Reference: m1:customers/1:0""",
}


@pytest.mark.parametrize("language", list(GOLDEN))
def test_planned_work_reads_as_in_the_table(catalog: Catalog, language: str) -> None:
    found = page(catalog, language)
    assert f"{found.subject()}\n\n{found.body()}" == GOLDEN[language]


# How it repeats, and the line that says so.
REPEATS = [
    ("nl", NIGHTS, None, "Herhaalt zich: elke maandag en donderdag, van 22:00 tot 02:30"),
    ("fr", NIGHTS, None, "Se répète : chaque lundi et jeudi, de 22:00 à 02:30"),
    ("en", NIGHTS, None, "Repeats: every Monday and Thursday, from 22:00 to 02:30"),
    (
        "en",
        Weekly(days=tuple(range(7)), start="22:00", end="02:30"),
        datetime(2027, 1, 1, tzinfo=UTC),
        "Repeats: every day, from 22:00 to 02:30; until Friday 1 January 2027, 01:00",
    ),
    (
        "nl",
        Cron(line="0 22 1 * *", minutes=60),
        None,
        "Herhaalt zich: ook op 01/12 22:00, 01/01 22:00, 01/02 22:00, …",
    ),
    (
        "nl",
        Cron(line="0 22 1 * *", minutes=60),
        datetime(2026, 12, 15, tzinfo=UTC),
        "Herhaalt zich: ook op 01/12 22:00; tot dinsdag 15 december 2026, 01:00",
    ),
]


@pytest.mark.parametrize(("language", "recurrence", "until", "line"), REPEATS)
def test_it_tells_how_it_repeats(
    catalog: Catalog, language: str, recurrence: Recurrence, until: datetime | None, line: str
) -> None:
    lines = page(catalog, language, recurrence=recurrence, until=until).body().splitlines()
    assert line in lines
    first = {"nl": "Eerste keer", "fr": "La première fois", "en": "First time"}[language]
    assert [one for one in lines if one.startswith(first)]


@pytest.mark.parametrize(
    ("begun", "subject"),
    [(False, "Gepland werk gaat niet door: BE-1"), (True, "Gepland werk is vroeger klaar: BE-1")],
)
def test_work_that_ends_before_its_time_is_called_off_or_done_early(
    catalog: Catalog, begun: bool, subject: str
) -> None:
    found = page(catalog, reason=CALLED_OFF, stations=("BE-1",), begun=begun)
    assert found.subject() == subject
    assert "Gepland was: van dinsdag 24 november 2026, 22:00" in found.body()


def test_many_stations_are_counted_and_the_first_named(catalog: Catalog) -> None:
    body = page(catalog, stations=tuple(f"S{n}" for n in range(20))).body()
    assert body.count("- S") == 12
    assert "- en nog 8" in body


@pytest.mark.parametrize("language", ["nl", "fr", "en"])
@pytest.mark.parametrize("reason", [NoticeReason.PLANNED, CALLED_OFF])
@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("recurrence", [Once(), NIGHTS])
def test_no_word_is_missing_in_any_form(
    catalog: Catalog, language: str, reason: NoticeReason, begun: bool, recurrence: Recurrence
) -> None:
    found = page(catalog, language, reason, begun=begun, recurrence=recurrence)
    for subject, body in ((found.subject(), found.body()), found.short(160)):
        assert "{" not in subject + body
        assert "message." not in subject + body
        assert body
    assert len("\n\n".join(found.short(160))) <= 160
