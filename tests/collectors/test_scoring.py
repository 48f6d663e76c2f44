"""Labelled traces are counted as their README says, and a label never reaches the rules."""

from __future__ import annotations

from typing import Any

import msgspec

from collectors.look_back.corpus import Case, log_of, read_cases
from collectors.look_back.scoring import judge_case, score
from data.catalog_files import load_catalog
from rules.core.policy import Policy

CATALOG = load_catalog()


def report(connector: int, state: str, code: str) -> dict[str, Any]:
    payload = {"connectorId": connector, "status": state, "errorCode": code}
    return {"t": None, "dir": "in", "raw": [2, "-", "StatusNotification", payload]}


def case(name: str, truth: str, *frames: dict[str, Any], **more: Any) -> Case:
    body = {"id": name, "ocpp": "1.6", "frames": frames, "truth_side": truth, "confidence": "high", **more}
    return msgspec.convert(body, Case)


GROUND = report(1, "Faulted", "GroundFailure")
FINE = report(1, "Available", "NoError")
CAR = report(1, "Faulted", "EVCommunicationError")


def test_a_network_fault_counts_as_hardware_and_a_car_as_neither() -> None:
    found = score(
        [case("a", "network", GROUND), case("b", "vehicle", CAR), case("c", "driver", FINE)],
        CATALOG,
        Policy(),
    )["headline"]
    assert found["sides"]["hardware"] == {"cases": 1, "said": 1, "right": 1, "precision": 1.0, "recall": 1.0}
    assert found["sides"]["none"] == {"cases": 2, "said": 2, "right": 2, "precision": 1.0, "recall": 1.0}


def test_unknown_is_not_scored_and_low_confidence_is_kept_apart() -> None:
    cases = [
        case("a", "unknown", GROUND),
        case("b", "software", GROUND, confidence="low"),
        case("c", "hardware", GROUND),
    ]
    found = score(cases, CATALOG, Policy())
    assert found["not_scored"] == ["a"]
    assert (found["headline"]["cases"], found["all"]["cases"]) == (1, 2)
    assert found["headline"]["sides"]["hardware"]["precision"] == 1.0
    assert found["all"]["sides"]["hardware"]["precision"] == 0.5
    assert found["all"]["confusion"]["software"]["hardware"] == 1
    assert [line["right"] for line in found["cases"]] == [None, False, True]


def test_any_incident_on_a_healthy_trace_is_a_false_alarm() -> None:
    cases = [case("a", "none", GROUND, tags=["healthy"]), case("b", "none", FINE, tags=["healthy"])]
    healthy = score(cases, CATALOG, Policy())["headline"]["healthy"]
    assert (healthy["cases"], healthy["with_false_alarm"]) == (2, ["a"])


def test_a_fault_without_enough_proof_is_an_abstention() -> None:
    found = score([case("a", "software", FINE)], CATALOG, Policy())["headline"]
    assert found["abstained"] == 1
    assert found["sides"]["software"]["precision"] is None
    assert found["sides"]["software"]["recall"] == 0.0


def test_the_label_does_not_change_the_verdict() -> None:
    one = judge_case(case("a", "software", GROUND), CATALOG, Policy())
    other = judge_case(case("a", "none", GROUND, tags=["healthy"]), CATALOG, Policy())
    assert (one.predicted, one.fault, one.sure) == (other.predicted, other.fault, other.sure)


def test_times_that_are_missing_keep_the_order_of_the_frames() -> None:
    frames: list[dict[str, Any]] = [
        {"t": None, "dir": "in", "raw": [2, "1", "Heartbeat", {}]},
        {"t": None, "dir": "in", "raw": [2, "2", "Heartbeat", {}]},
        {"t": "2026-03-01T08:00:00", "dir": "in", "raw": [2, "3", "Heartbeat", {}]},
        {"t": None, "dir": "in", "raw": [2, "4", "Heartbeat", {}]},
    ]
    log = list(log_of(case("a", "none", *frames)))
    assert [record["raw"][1] for record in log] == ["1", "2", "3", "4"]
    assert [record["t"][11:] for record in log] == ["07:59:58Z", "07:59:59Z", "08:00:00Z", "08:00:01Z"]


def test_frames_stay_in_their_order_though_a_missing_time_is_squeezed_in() -> None:
    times = ["2026-03-01T08:00:00", None, None, None, "2026-03-01T08:00:02", "2026-03-01T08:00:01", None]
    frames: list[dict[str, Any]] = [
        {"t": t, "dir": "in", "raw": [2, str(n), "Heartbeat", {}]} for n, t in enumerate(times)
    ]
    log = list(log_of(case("a", "none", *frames)))
    assert [record["raw"][1] for record in log] == [str(n) for n in range(len(times))]
    assert [record["t"] for record in log] == sorted(record["t"] for record in log)


def test_words_about_the_link_become_link_events_and_other_words_do_not() -> None:
    events = [
        {"t": "2026-03-01T08:00:01", "event": "charger closes without close frame"},
        {"t": "2026-03-01T08:00:02", "event": "reconnects 31 s later"},
        {"t": "2026-03-01T08:00:03", "event": "request timeout"},
        {"t": "2026-03-01T08:00:04", "event": "server log: charger status ReaderFailure"},
    ]
    log = log_of(case("a", "none", {**FINE, "t": "2026-03-01T08:00:00"}, conn_events=events))
    assert [record.get("event") for record in log] == [None, "disconnected", "connected", "timeout"]


def test_what_a_case_lacks_or_spells_oddly_costs_neither_it_nor_the_others() -> None:
    frame = {"raw": [2, "1", "Heartbeat", {}]}
    lines = [
        {"frames": [frame, {"raw": [3, "1", {"currentTime": "2026-03-01T08:00:00Z"}], "dir": None}]},
        {"id": "b", "frames": [{**frame, "t": 1772352000, "dir": "recv"}, {"t": "soon"}, None], "tags": None},
        {"id": "c", "frames": [{**frame, "t": "9:05:07,5"}], "ocpp": 1.6, "conn_events": None},
        {"id": "d\n" + "x" * 400, "frames": [{**frame, "t": "soon"}], "truth_side": 7, "ocpp": "ocpp2.0.1"},
        {"id": "e", "frames": []},
    ]
    cases, bad = read_cases([msgspec.json.encode(line) for line in lines])
    assert bad == []
    assert [frame.dir for frame in cases[0].frames] == ["in", "out"]
    assert [one.ocpp for one in cases] == [None, None, "1.6", "2.0.1", None]
    found = score(cases, CATALOG, Policy())
    assert (len(found["cases"]), found["crashes"]) == (5, [])


def test_half_a_character_in_a_fuzzed_frame_costs_no_case() -> None:
    raw = rb'[2,"1","BootNotification",{"chargePointVendor":"\ud800"}]'
    line = rb'{"id":"a","frames":[{"dir":"in","raw":' + raw + rb"}]}"
    cases, bad = read_cases([line])
    assert ([one.id for one in cases], bad) == (["a"], [])
    assert score(cases, CATALOG, Policy())["crashes"] == []


def test_every_line_that_is_no_case_is_named_and_the_others_count() -> None:
    good = b'{"id":"a","frames":[],"truth_side":"software","confidence":"high"}'
    cases, bad = read_cases([b"nonsense", good, b"[]", b'{"id":"b"}', b"", b'{"id":"c","frames":{}}'])
    assert [one.id for one in cases] == ["a"]
    assert [line.line for line in bad] == [1, 3, 4, 6]
    report = score(cases, CATALOG, Policy(), bad)
    assert [line["line"] for line in report["bad_lines"]] == [1, 3, 4, 6]
    assert report["headline"]["sides"]["software"]["cases"] == 1
