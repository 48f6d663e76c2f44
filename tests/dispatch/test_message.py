"""The words of a notice, with the shipped `messages.yaml`, and what a hostile station cannot do to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from data.catalog_files import load_catalog
from rules.core.catalog import reader as catalog_reader
from rules.core.catalog.entries import Catalog, CatalogError
from rules.core.catalog.templates import fill, lay_out
from rules.core.model import (
    Asset,
    Cause,
    Evidence,
    IncidentRow,
    IncidentState,
    NoticeReason,
    NoticeRow,
    Owner,
    Scope,
    Severity,
    Side,
)
from rules.core.words import OF_WORK
from rules.dispatch.message import Addressee, Renderer, mark_duplicate, render
from rules.dispatch.wording import MAX_VALUE, clean
from tests.dispatch.small_judge import incident as plain_incident
from tests.dispatch.small_judge import notice as plain_notice

SINCE = datetime(2026, 7, 22, 16, 40, 12, tzinfo=UTC)  # summer: 18:40 in Belgium
FAULTS = """
tasks:
  - id: ins.maintain.faults
    owner: installer
    text: {nl: "storingen verhelpen", fr: "résoudre les pannes", en: "fix faults"}
    helps: {nl: "a", fr: "b", en: "c"}
    contact: "Werf Gent, 09/000.00.00"
faults:
  - id: ground_failure
    name: {nl: "Aardfout", fr: "Défaut de terre", en: "Ground failure"}
    side: hardware
    cause: charger_hardware
    owner: installer
    task: ins.maintain.faults
    severity: critical
    first_aid: {nl: "Zet de differentieel één keer op.", fr: "Réarmez une fois.", en: "Reset the RCD once."}
    not_to_do: {nl: "Niet overbruggen.", fr: "Ne pas ponter.", en: "Do not bridge it."}
texts:
  says.status_error:
    {nl: "meldde {code}: {info}", fr: "a signalé {code} : {info}", en: "reported {code}: {info}"}
"""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    messages = files("data").joinpath("catalog", "messages.yaml").read_text(encoding="utf-8")
    return catalog_reader.parse({"faults.yaml": FAULTS, "messages.yaml": messages})


ASSET = Asset(
    station="BE-GNT-0001",
    site="Korenmarkt",
    address="Korenmarkt 1, 9000 Gent",
    latitude=51.0543,
    longitude=3.7223,
    make="Alfen",
    model="Eve Double",
    installer="Volt & Zoon",
)


def incident(**more: Any) -> IncidentRow:
    row = plain_incident("BE-GNT-0001", SINCE, 7)
    evidence = [
        Evidence(
            at=SINCE + timedelta(seconds=i),
            says="status_error",
            record_id=7 + i,
            values={"code": "GroundFailure", "info": f"0x{i}"},
        )
        for i in range(9)
    ]
    changes = {"evse": 2, "connector": 1, "installer": "Volt & Zoon", "evidence": evidence} | more
    return replace(row, **changes)


def notice(reason: NoticeReason = NoticeReason.FIRST) -> NoticeRow:
    return plain_notice("BE-GNT-0001-164012", "wacht", 1, reason, SINCE)


def text(
    catalog: Catalog,
    language: str = "nl",
    reason: NoticeReason = NoticeReason.FIRST,
    *,
    party: str = "operator",
    short: int | None = None,
    **more: Any,
) -> str:
    subject, body = render(
        replace(notice(reason), party=party),
        incident(**more),
        ASSET,
        catalog,
        language=language,
        dashboard_url="https://laad.be/",
        short=short,
    )
    return f"{subject}\n\n{body}"


def test_a_first_notice_says_all_a_helpdesk_needs(catalog: Catalog) -> None:
    assert text(catalog).splitlines() == [
        "[Laadwacht] Aardfout: BE-GNT-0001 (Korenmarkt) #BE-GNT-0",
        "",
        "Wat: Aardfout",
        "Ernst: hoog",
        "Waar: laadpaal BE-GNT-0001, laadpunt 2, connector 1, locatie Korenmarkt, Korenmarkt 1, 9000 Gent",
        "Kaart: https://www.openstreetmap.org/?mlat=51.054300&mlon=3.722300#map=18/51.054300/3.722300",
        "Toestel: Alfen Eve Double",
        "Sinds: woensdag 22 juli 2026, 18:40 (Belgische tijd)",
        "",
        "Voor: installateur Volt & Zoon (hardwarekant, de laadpaal zelf)",
        "Waarom: storingen verhelpen",
        "Contact: Werf Gent, 09/000.00.00",
        "Zekerheid: 90 % (regel small 1)",
        "",
        "Bewijs:",
        "- 22/07 18:40:12 meldde GroundFailure: 0x0",
        *(f"- 22/07 18:40:{12 + i} meldde GroundFailure: 0x{i}" for i in range(4, 9)),
        "",
        "Eerste hulp:",
        "Zet de differentieel één keer op.",
        "Niet doen:",
        "Niet overbruggen.",
        "",
        "Storing: https://laad.be/fault?id=BE-GNT-0001-164012",
        "Kenmerk: BE-GNT-0001-164012-wacht-1",
    ]


def test_a_contact_and_a_meter_reading_are_told_in_the_words_of_the_reader() -> None:
    own = FAULTS.replace('"Werf Gent, 09/000.00.00"', '{nl: "sticker", fr: "autocollant", en: "label"}')
    messages = files("data").joinpath("catalog", "messages.yaml").read_text(encoding="utf-8")
    catalog = catalog_reader.parse({"faults.yaml": own, "messages.yaml": messages})
    assert "Contact : autocollant" in text(catalog, "fr").splitlines()
    reading = Evidence(at=SINCE, says="status_error", record_id=7, values={"code": 1459379707.0, "info": 0.5})
    assert "meldde 1459379707: 0.5" in text(catalog, evidence=[reading])


def test_no_text_of_the_published_split_holds_three_languages_at_once() -> None:
    for task in load_catalog().tasks.values():
        assert " / " not in str(task.contact)


def test_a_resolved_notice_says_how_long_it_lasted_and_gives_no_first_aid(catalog: Catalog) -> None:
    ended = SINCE + timedelta(hours=3)
    found = text(
        catalog, reason=NoticeReason.RESOLVED, state=IncidentState.RESOLVED, closed_at=ended, safety=True
    )
    assert found.startswith("[Laadwacht] Opgelost: Aardfout")
    assert "Opgelost: woensdag 22 juli 2026, 21:40 (Belgische tijd), na 3 uur" in found
    assert "Eerste hulp" not in found
    assert "VEILIGHEID" not in found


@pytest.mark.parametrize("language", ["nl", "fr", "en"])
@pytest.mark.parametrize("reason", [one for one in NoticeReason if one not in OF_WORK])
@pytest.mark.parametrize("party", ["operator", "installer:Volt & Zoon", "customer:Stad Gent"])
def test_no_word_is_missing_in_any_language(
    catalog: Catalog, language: str, reason: NoticeReason, party: str
) -> None:
    told = [
        text(catalog, language, reason, party=party, short=short, **more)
        for short in (None, 160)
        for more in (
            *({"side": side, "safety": True} for side in Side),
            *({"cause": cause} for cause in Cause),
            *({"owner": owner, "cause": Cause.DRIVER} for owner in Owner),
            *({"severity": severity, "imminent": True} for severity in Severity),
            *({"scope": scope, "station": None, "members": ["A", "B"], "evse": None} for scope in Scope),
        )
    ]
    assert [found for found in told if "message." in found or "{" in found] == []


def test_french_and_english_tell_the_time_of_belgium_their_own_way(catalog: Catalog) -> None:
    assert "Depuis : mercredi 22 juillet 2026, 18:40 (heure belge)" in text(catalog, "fr")
    assert "Since: Wednesday 22 July 2026, 18:40 (Belgian time)" in text(catalog, "en")


def test_an_unregistered_station_has_no_map_and_says_that_the_address_is_missing(catalog: Catalog) -> None:
    _, body = render(notice(), incident(), None, catalog, language="nl", dashboard_url="http://x")
    assert "adres niet in het register" in body
    assert "Kaart" not in body


def test_a_site_incident_names_its_stations_but_not_hundreds(catalog: Catalog) -> None:
    members = [f"S{i}" for i in range(20)]
    found = text(catalog, station=None, site="Korenmarkt", scope=Scope.SITE, members=members, evse=None)
    assert "Getroffen: 20 laadpalen (S0, S1, S2, S3, S4, S5, S6, S7, en nog 12)" in found
    assert "Waar: locatie Korenmarkt, Korenmarkt 1" in found


def test_connector_zero_is_the_station_as_a_whole(catalog: Catalog) -> None:
    found = text(catalog, evse=0, connector=0)
    assert "laadpunt" not in found
    assert "connector" not in found


def test_what_a_station_says_stays_one_harmless_line(catalog: Catalog) -> None:
    hostile = (
        "x\r\nBcc: a@b.be\nKlik https://dief.example/<b>[hier](http://x)</b> @everyone `rm` {fault} \u202e"
        * 9
    )
    evidence = [Evidence(at=SINCE, says="status_error", values={"code": hostile, "info": hostile})]
    found = text(catalog, evidence=evidence, station=hostile, installer=hostile)
    assert len(found.splitlines()) == len(text(catalog, evidence=evidence).splitlines())
    for sign in ("https://dief", "<b>", "@everyone", "](", "`", "\u202e", "\r"):
        assert sign not in found
    assert max(len(line) for line in found.splitlines()) < 3 * MAX_VALUE


@given(st.text(max_size=400))
def test_cleaned_text_is_one_capped_line_without_markup(raw: str) -> None:
    cleaned = clean(raw)
    assert len(cleaned) <= MAX_VALUE
    assert len(cleaned.splitlines()) <= 1
    assert not set(cleaned) & set("<>[]`@*|\x00\r\n\t")
    assert "://" not in cleaned


def test_a_value_that_a_proof_lacks_is_a_dash(catalog: Catalog) -> None:
    evidence = [Evidence(at=SINCE, says="status_error", values={"code": "GroundFailure", "info": None})]
    assert "- 22/07 18:40:12 meldde GroundFailure: –" in text(catalog, evidence=evidence)


def test_a_value_is_never_taken_for_a_template() -> None:
    assert fill("{a} {b} {c}", {"a": "{b}", "b": "{0.__class__}"}) == "{b} {0.__class__} {c}"


def test_a_possible_duplicate_says_so_first_and_keeps_the_rest(catalog: Catalog) -> None:
    subject, body = mark_duplicate(catalog, "nl", "[Laadwacht] Aardfout", "Wat: Aardfout\nWaar: x")
    assert subject == "(mogelijk dubbel) [Laadwacht] Aardfout"
    assert body.startswith("Mogelijk dubbel: ")
    assert body.endswith("\n\nWat: Aardfout\nWaar: x")


def test_a_short_message_says_in_its_subject_alone_that_it_may_be_a_duplicate(catalog: Catalog) -> None:
    assert mark_duplicate(catalog, "nl", "a", "een regel") == ("(mogelijk dubbel) a", "een regel")


def test_an_unknown_fault_or_task_is_still_told(catalog: Catalog) -> None:
    found = text(catalog, fault="nieuw_iets", task="onbekend")
    assert "Wat: nieuw_iets" in found


@given(st.text(max_size=400))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_hostile_station_adds_no_line_and_no_link_to_any_form(catalog: Catalog, raw: str) -> None:
    evidence = [Evidence(at=SINCE, says="status_error", values={"code": raw, "info": raw})]
    for party in ("operator", "installer:x", "customer:x"):
        plain = text(catalog, party=party, evidence=[replace(evidence[0], values={"code": "a", "info": "a"})])
        found = text(catalog, party=party, evidence=evidence, station=raw or "x", installer=raw, customer=raw)
        assert len(found.splitlines()) == len(plain.splitlines())
        assert not set("".join(found.splitlines())) & set("<>`|\x00\u202e\u2066")
        links = [word for word in found.split() if "://" in word]
        assert all(link.startswith(("https://laad.be/", "https://www.openstreetmap.org/")) for link in links)
        short = text(catalog, party=party, short=160, evidence=evidence, station=raw or "x", installer=raw)
        assert len(short) <= 160


def test_a_short_message_fits_and_keeps_its_link_whole(catalog: Catalog) -> None:
    found = text(catalog, party="installer:Volt & Zoon", short=160)
    assert found.splitlines() == [
        "Aardfout: BE-GNT-0001 (Korenmarkt)",
        "",
        "Korenmarkt 1, 9000 Gent. Sinds 22/07 18:40. Zet de differentieel één keer op. "
        "https://laad.be/fault?id=BE-GNT-0001-164012",
    ]
    assert "https" not in text(catalog, short=80)


def test_a_wrong_template_of_an_operator_is_told_with_file_line_and_reason() -> None:
    messages = files("data").joinpath("catalog", "messages.yaml").read_text(encoding="utf-8")
    own = """texts:
  message.body.installer:
    nl: "Wat: {fout}"
    fr: "Quoi : {fault}"
    en: "What: {fault}"
  message.body.boss: {nl: "a", fr: "b", en: "c"}
  message.short.customer.solved: {nl: "a", fr: "b", en: "c"}
"""
    with pytest.raises(CatalogError) as wrong:
        catalog_reader.parse(
            {"faults.yaml": FAULTS, "messages.yaml": messages, "own.yaml": own}, {"own.yaml"}
        )
    told = [(mistake.file, mistake.line, mistake.reason.split(";")[0]) for mistake in wrong.value.mistakes]
    assert told[0] == ("own.yaml", 3, "unknown word {fout}")
    assert ("own.yaml", 6, "unknown audience 'boss'") in told
    assert ("own.yaml", 7, "unknown reason 'solved'") in told
    sound = own.split("  message.body.boss", maxsplit=1)[0].replace("{fout}", "{fault}")
    texts = {"faults.yaml": FAULTS, "messages.yaml": messages, "own.yaml": sound}
    assert text(catalog_reader.parse(texts, {"own.yaml"}), party="installer:x").endswith("\n\nWat: Aardfout")


def test_a_heading_without_anything_under_it_falls_away() -> None:
    template = "Bewijs:\n{evidence}\nKan ook zijn:\n{alternatives}\n\nLink: {link}\n{safety}"
    assert lay_out(template, {"alternatives": "- a\n- b"}) == "Kan ook zijn:\n- a\n- b"
    assert lay_out(template, {"link": "{safety}"}) == "Link: {safety}"


def test_the_renderer_writes_in_the_language_of_the_destination(catalog: Catalog) -> None:
    register = {"BE-GNT-0001": ASSET}
    renderer = Renderer(
        catalog, lambda: register, {"wacht": Addressee(language="fr")}, "http://127.0.0.1:8501"
    )
    language, subject, body, payload = renderer(notice(), incident())
    assert payload is None
    assert (language, subject.split(": ")[0]) == ("fr", "[Laadwacht] Défaut de terre ")
    assert "Korenmarkt 1" in body
    site_wide = incident(
        station=None, site="Korenmarkt", scope=Scope.SITE, members=["BE-GNT-0001"], evse=None
    )
    assert "Korenmarkt 1" in renderer(notice(), site_wide)[2]
    assert renderer.mark_duplicate("fr", "s", "b")[0] == "(doublon possible) s"


def test_an_address_without_coordinates_is_looked_up_on_the_map(catalog: Catalog) -> None:
    asset = replace(ASSET, latitude=None, longitude=None)
    _, body = render(notice(), incident(), asset, catalog, language="nl", dashboard_url="http://x")
    found = "https://www.openstreetmap.org/search?query=Korenmarkt%201%2C%209000%20Gent"
    assert f"Kaart: {found}\n" in body


def test_an_end_is_told_as_when_the_fault_was_gone_not_when_the_watch_over_it_ended(catalog: Catalog) -> None:
    over = {
        "state": IncidentState.RESOLVED,
        "recovering_at": SINCE + timedelta(minutes=3),
        "closed_at": SINCE + timedelta(minutes=13),
    }
    told = text(catalog, reason=NoticeReason.RESOLVED, **over)
    assert "Opgelost: woensdag 22 juli 2026, 18:43 (Belgische tijd), na 3 minuten" in told
