"""A recorded log is judged on its own: what it shows, what its end means, and what a reader gets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collectors.logs.logfile import read_log, records_of
from collectors.look_back.triage_log import Triage, triage
from data.catalog_files import load_catalog
from rules.core.model import Asset
from rules.core.policy import Policy

CATALOG = load_catalog()
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
FIELDS = {
    *("id", "state", "station", "site", "evse", "connector", "scope", "fault", "side", "cause", "owner"),
    *("task", "severity", "confidence", "imminent", "opened_at", "closed_at", "parent", "members", "summary"),
    *("why", "first_aid", "alternatives", "evidence", "rule"),
}


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def frame(seconds: float, raw: object, direction: str = "in", station: str = "S1") -> dict[str, Any]:
    return {"t": at(seconds), "station": station, "dir": direction, "raw": raw, "version": "1.6"}


def status(seconds: float, state: str, code: str = "NoError", station: str = "S1") -> dict[str, Any]:
    payload = {"connectorId": 1, "status": state, "errorCode": code}
    return frame(seconds, [2, f"s{seconds}", "StatusNotification", payload], station=station)


def beats(first: int, last: int, every: int, station: str = "S1") -> Iterable[dict[str, Any]]:
    return (frame(n, [2, f"h{n}", "Heartbeat", {}], station=station) for n in range(first, last, every))


def judged(
    records: Iterable[dict[str, Any]], until: float | None = None, register: dict[str, Asset] | None = None
) -> Triage:
    moment = None if until is None else START + timedelta(seconds=until)
    return triage(records_of(records), CATALOG, register or {}, Policy(), until=moment)


def faults(found: Triage) -> list[tuple[str, str]]:
    return [(incident["fault"], incident["state"]) for incident in found.incidents]


def test_an_incident_has_every_promised_field_and_its_proof_is_the_frame_itself() -> None:
    raw = [
        2,
        "x",
        "StatusNotification",
        {"connectorId": 1, "status": "Faulted", "errorCode": "GroundFailure"},
    ]
    (incident,) = judged([frame(0, raw), *beats(60, 600, 60)]).incidents
    assert set(incident) == FIELDS
    assert incident["station"] == "S1"
    assert (incident["evse"], incident["connector"], incident["scope"]) == (1, 1, "connector")
    assert (incident["side"], incident["owner"]) == ("hardware", "installer")
    assert incident["opened_at"] == "2026-03-01T08:00:00Z"
    assert (
        set(incident["summary"]) == set(incident["why"]) == set(incident["first_aid"]) == {"nl", "fr", "en"}
    )
    assert incident["evidence"][0]["frame"] == raw
    assert incident["evidence"][0]["t"] == "2026-03-01T08:00:00Z"
    assert "GroundFailure" in incident["evidence"][0]["says"]
    assert incident["rule"]["version"] == CATALOG.version
    json.dumps(incident)


def test_a_fault_at_the_end_counts_though_its_hold_time_had_not_passed() -> None:
    log = [status(0, "Faulted", "ConnectorLockFailure")]
    found = judged(log)
    assert faults(found) == [("connector.lock", "pending")]
    assert found.incidents[0]["opened_at"] == "2026-03-01T08:00:00Z"


def test_with_until_only_what_lasted_its_hold_time_counts() -> None:
    log = [status(0, "Faulted", "ConnectorLockFailure")]
    assert faults(judged(log, until=30)) == []
    (incident,) = judged(log, until=200).incidents
    assert (incident["state"], incident["opened_at"]) == ("open", "2026-03-01T08:02:00Z")


def test_a_fault_that_passed_within_its_hold_time_is_nothing() -> None:
    assert faults(judged([status(0, "Faulted", "ConnectorLockFailure"), status(60, "Available")])) == []


def test_the_end_of_a_log_is_no_outage() -> None:
    log = [*beats(0, 3600, 60, "S1"), *beats(0, 3290, 60, "S2")]
    assert faults(judged(log)) == []


def test_silence_within_a_log_is_an_outage_and_so_is_silence_until_the_time_given() -> None:
    log = [*beats(0, 7200, 60, "S1"), *beats(0, 600, 60, "S2")]
    (incident,) = judged(log).incidents
    assert (incident["station"], incident["fault"]) == ("S2", "station.offline")
    assert incident["evidence"][0]["event"] == "silent"
    assert [i["station"] for i in judged(log, until=12_000).incidents] == ["S2", "S1"]


def test_a_resolved_incident_says_when_it_closed() -> None:
    log = [status(0, "Faulted", "GroundFailure"), status(300, "Available"), *beats(360, 2000, 60)]
    (incident,) = judged(log).incidents
    assert (incident["state"], incident["closed_at"]) == ("resolved", "2026-03-01T08:15:00Z")


def test_a_site_outage_has_no_station_and_its_members_name_it_as_parent() -> None:
    names = [f"P{n}" for n in range(4)]
    register = {name: Asset(station=name, site="Quay", installer="Volta") for name in (*names, "Q")}
    register["Q"] = Asset(station="Q", site="Elsewhere")
    log = [record for name in names for record in beats(0, 600, 60, name)]
    found = judged([*log, *beats(0, 7200, 60, "Q")], register=register)
    (wide,) = [incident for incident in found.incidents if incident["scope"] == "site"]
    assert (wide["station"], wide["site"], wide["members"]) == (None, "Quay", names)
    children = [incident for incident in found.incidents if incident["station"] in names]
    assert {child["parent"] for child in children} == {wide["id"]}


def test_cards_appear_under_a_pseudonym_only() -> None:
    log = []
    for n in range(3):
        log += [
            frame(n * 10, [2, f"a{n}", "Authorize", {"idTag": "04AABBCCDD"}]),
            frame(n * 10 + 1, [3, f"a{n}", {"idTagInfo": {"status": "Invalid"}}], "out"),
        ]
    found = judged(log)
    text = json.dumps(found.incidents)
    assert found.incidents
    assert "04AABBCCDD" not in text


def test_the_same_log_gives_the_same_incidents_to_the_letter() -> None:
    log = []
    for n in range(8):
        card = {"idTag": f"04AABBCC{n % 2}D"}
        log.append(frame(n * 10, [2, f"a{n}", "Authorize", card], station=f"S{n % 3}"))
        log.append(frame(n * 10 + 1, [3, f"a{n}", {"idTagInfo": {"status": "Invalid"}}], "out", f"S{n % 3}"))
    first, lines = judged(log).incidents, "".join(json.dumps(record) + "\n" for record in log).encode()
    assert first
    for size in (1, 7, 4096):
        chunks = (lines[n : n + size] for n in range(0, len(lines), size))
        assert triage(read_log(chunks), CATALOG, {}, Policy()).incidents == first


def test_bad_lines_are_told_by_number_and_stop_nothing() -> None:
    good = json.dumps(status(0, "Faulted", "GroundFailure"))
    found = triage(read_log([f'{good}\nnonsense\n{{"t":1}}\n'.encode()]), CATALOG, {}, Policy(), bad_told=1)
    assert faults(found) == [("electrical.ground", "open")]
    assert (found.bad, [line.line for line in found.first_bad]) == (2, [2])


def test_a_frame_that_is_no_json_is_shown_as_its_text() -> None:
    raw = '[2,"7","StatusNotification",{"connectorId":1,"status":"Faulted","errorCode":"GroundFailure"'
    found = judged([frame(0, raw)])
    proof = [p for i in found.incidents for p in i["evidence"] if i["fault"] == "electrical.ground"]
    assert proof[0]["frame"] == raw


@pytest.mark.parametrize("language", ["nl", "fr", "en"])
def test_every_text_is_filled_in(language: str) -> None:
    log = [status(0, "Faulted", "GroundFailure"), *beats(0, 600, 60, "S2"), *beats(0, 7200, 60)]
    found = triage(records_of(log), CATALOG, {}, Policy(), language=language)
    for incident in found.incidents:
        texts = [incident[name][language] for name in ("summary", "why", "first_aid")]
        texts += [proof["says"] for proof in incident["evidence"]]
        assert all(texts)
        assert [text for text in texts if re.search(r"\{\w+\}", text)] == []


def test_an_empty_log_has_no_incident() -> None:
    assert judged([]).incidents == []
    assert judged([], until=3600).incidents == []
