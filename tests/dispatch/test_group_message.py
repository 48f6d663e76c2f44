"""One message about several incidents: for each reader the own words, in every language, and as JSON too."""

from __future__ import annotations

from importlib.resources import files

import jsonschema
import msgspec
import pytest

from data.catalog_files import load_catalog
from rules.core.catalog.entries import Catalog
from rules.core.model import NoticeItem, NoticeReason, NoticeRow
from rules.core.words import OF_WORK
from rules.dispatch.message import Addressee, Renderer
from tests.dispatch.golden import PARTIES, scenes

SCENES = {path.stem: scene for path, scene in scenes()}
ROWS = [SCENES[name].incident for name in ("stuck_cable", "site_dark", "solved")]
ENDING = "https://wacht.example.be/unsubscribe?s=1&t=2"
WANTED = {
    "helpdesk": """[Laadwacht] Korenmarkt: 2 te behandelen, 1 opgelost, o.a. stekker komt niet los

Meerdere meldingen over Korenmarkt: 2 te behandelen, 1 opgelost. De ernstigste staat eerst.

1. Nieuw: stekker komt niet los
   BESTUURDER VAST: er kan iemand staan die niet weg kan. Doe dit eerst.
   laadpaal BE-GNT-0001, laadpunt 2, connector 1, locatie Korenmarkt, Korenmarkt 1, 9000 Gent
   sinds 22/07 18:40; hoog; voor installateur Elektro Vermassen; hardwarekant
""",
    "installer": """[Laadwacht] Korenmarkt: 2 te behandelen, 1 opgelost, o.a. stekker komt niet los

Meerdere meldingen over Korenmarkt: 2 te behandelen, 1 opgelost. De ernstigste staat eerst.

1. Nieuw: stekker komt niet los
   BESTUURDER VAST: er kan iemand staan die niet weg kan. Doe dit eerst.
   laadpaal BE-GNT-0001, laadpunt 2, connector 1, locatie Korenmarkt, Korenmarkt 1, 9000 Gent
   sinds 22/07 18:40; hoog
   Probeer eerst: Laat de stekker aanduwen en probeer één keer opnieuw; dan spanningsloos en langsgaan.
""",
    "customer": f"""Uw laadpalen, Korenmarkt: 2 buiten dienst, 1 weer in dienst

Uw laadpalen, Korenmarkt: 2 buiten dienst, 1 weer in dienst.

1. Buiten dienst: laadpaal BE-GNT-0001, laadpunt 2, connector 1
   De laadpaal heeft een technisch defect.
   sinds 22/07 18:40
   https://wacht.example.be/fault?id=5f0c11d2a4b7

2. Buiten dienst: laadpalen op locatie Korenmarkt
   Alle laadpalen van deze locatie zijn samen onbereikbaar.
   sinds 22/11 09:01
   https://wacht.example.be/fault?id=07ac55f1d0e9

3. Werkt weer: laadpaal BE-GNT-0001
   22/11 03:05 tot 22/11 06:05 (3 uur)
   https://wacht.example.be/fault?id=91bb07c35e10

Geen berichten meer: {ENDING}
Kenmerk: k:1
""",
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def rendered(
    catalog: Catalog, audience: str, reader: Addressee, reason: NoticeReason = NoticeReason.FIRST
) -> tuple[str, str | None]:
    asset = SCENES["solved"].station
    assert asset is not None
    renderer = Renderer(
        catalog,
        lambda: {asset.station: asset},
        {"d": reader},
        "https://wacht.example.be",
        unsubscribe=lambda _name: ENDING if audience == "customer" else "",
    )
    items = [
        NoticeItem(
            incident_id=row.incident_id, seq=0, reason=NoticeReason.RESOLVED if row.closed_at else reason
        )
        for row in ROWS
    ]
    notice = NoticeRow(
        dedup_key="k:1",
        incident_id=ROWS[0].incident_id,
        destination="d",
        party=PARTIES[audience],
        seq=0,
        reason=reason,
        created_at=ROWS[0].pending_at,
        not_before=ROWS[0].pending_at,
        items=items,
    )
    _, subject, body, payload = renderer(notice, ROWS[0], ROWS[1:])
    return f"{subject}\n\n{body}\n", payload


@pytest.mark.parametrize("audience", list(WANTED))
def test_each_reader_gets_the_own_words(audience: str, catalog: Catalog) -> None:
    text, _ = rendered(catalog, audience, Addressee())
    assert text.startswith(WANTED[audience])
    assert text.endswith("Kenmerk: k:1\n")
    assert (ENDING in text) == (audience == "customer")


@pytest.mark.parametrize("audience", list(WANTED))
@pytest.mark.parametrize("language", ["nl", "fr", "en"])
def test_no_word_is_missing_for_any_reason(audience: str, language: str, catalog: Catalog) -> None:
    for reason in (one for one in NoticeReason if one not in OF_WORK):
        for short in (None, 160):
            text, _ = rendered(catalog, audience, Addressee(language=language, short=short), reason)
            assert "message." not in text
            assert "{" not in text
            assert short is None or len(text.strip()) <= short


def test_a_webhook_gets_every_incident_in_the_published_form(catalog: Catalog) -> None:
    _, payload = rendered(catalog, "helpdesk", Addressee(payload=True))
    schema = msgspec.json.decode(files("data").joinpath("catalog", "notice.schema.json").read_bytes())
    facts = msgspec.json.decode(payload or "") | {"title": "a", "message": "b"}
    jsonschema.validate(facts, schema)
    assert [item["id"] for item in facts["items"]] == [row.incident_id for row in ROWS]
    assert [item["reason"] for item in facts["items"]] == ["first", "first", "resolved"]
