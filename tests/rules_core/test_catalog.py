"""The catalogue is sound, and every mistake in it is told with its file, line and reason."""

from __future__ import annotations

import pytest

from rules.core.catalog import entries as catalog
from rules.core.catalog import reader as catalog_reader
from rules.core.catalog.entries import CatalogError
from rules.core.model import Evidence, Owner, Side
from rules.core.verdict import explain
from tests.rules_core import helpers

FIFTEEN = (  # and NoError, which is none
    *("ConnectorLockFailure", "EVCommunicationError", "GroundFailure", "HighTemperature", "InternalError"),
    *("LocalListConflict", "OtherError", "OverCurrentFailure", "OverVoltage", "PowerMeterFailure"),
    *("PowerSwitchFailure", "ReaderFailure", "ResetFailure", "UnderVoltage", "WeakSignal"),
)
TASKS = """
tasks:
- id: t.one
  owner: operator
  text: {nl: a, fr: b, en: c}
  helps: {nl: a, fr: b, en: c}
"""


def _mistakes(**texts: str) -> list[tuple[str, int, str]]:
    with pytest.raises(CatalogError) as caught:
        catalog_reader.parse(texts)
    return [(m.file, m.line, m.reason) for m in caught.value.mistakes]


def _fault(**changes: str) -> str:
    values = {
        "id": "x.y",
        "name": "{nl: a, fr: b, en: c}",
        "side": "software",
        "cause": "backend",
        "owner": "operator",
        "task": "t.one",
        "severity": "low",
        "first_aid": "{nl: a, fr: b, en: c}",
    }
    values.update(changes)
    lines = [f"  {key}: {value}" for key, value in values.items()]
    return "faults:\n-" + lines[0][1:] + "\n" + "\n".join(lines[1:]) + "\n"


def test_the_catalogue_of_the_product_has_no_mistake() -> None:
    found = helpers.real_catalog()
    assert len(found.tasks) == 37
    assert len(found.faults) >= 50


@pytest.mark.parametrize("code", FIFTEEN)
def test_every_error_code_of_ocpp_16_names_a_fault(code: str) -> None:
    assert helpers.real_catalog().match_status(code, None, None, None, None)


def test_no_error_names_none() -> None:
    assert helpers.real_catalog().match_status("NoError", None, None, None, None) == ()


def test_software_is_never_owned_by_an_installer_who_has_no_such_task() -> None:
    for fault in helpers.real_catalog().faults.values():
        if fault.owner in (Owner.OPERATOR, Owner.INSTALLER):
            assert helpers.real_catalog().task(fault.task).owner is fault.owner
        if fault.side is Side.NONE:
            assert fault.owner in (Owner.CUSTOMER, Owner.NONE)


def test_all_mistakes_of_all_files_are_told_at_once() -> None:
    faults = _fault(side="hard", severity="low") + "- id: second\n"
    table = "table: {name: v, field: colour, encoding: exact}\ncodes:\n  A: no.such\n"
    found = _mistakes(**{"a.yaml": TASKS + faults, "b.yaml": table})
    assert ("b.yaml", 1, "field must be one of error_code, vendor_error, info, stop_reason, trigger") in found
    assert ("b.yaml", 3, "unknown fault 'no.such'") in found
    assert any(file == "a.yaml" and line == 10 and "hard" in reason for file, line, reason in found)
    assert any(file == "a.yaml" and line == 16 for file, line, _ in found)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"task": "no.such"}, "unknown task 'no.such'"),
        ({"owner": "installer"}, "owner installer but task t.one is the operator's"),
        ({"confidence": "1.5"}, "confidence must lie between 0 and 1"),
        ({"name": "{nl: a, en: c}"}, "text lacks fr"),
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"hold_s": "-1"}, "hold_s must not be negative"),
        ({"safety": "true", "hold_s": "60"}, "a safety fault must not wait: hold_s must be 0"),
    ],
)
def test_a_mistake_in_a_fault_says_what_is_wrong(changes: dict[str, str], reason: str) -> None:
    assert [r for _, _, r in _mistakes(**{"a.yaml": TASKS + _fault(**changes)})] == [reason]


def test_a_file_that_is_no_yaml_is_told_with_its_line() -> None:
    found = _mistakes(**{"a.yaml": "faults:\n- [1, 2\n"})
    assert found[0][0] == "a.yaml"
    assert found[0][1] >= 2


def test_a_key_given_twice_is_a_mistake() -> None:
    assert any(
        "given twice" in reason
        for _, _, reason in _mistakes(**{"a.yaml": "texts:\n  a: {nl: x, fr: y, en: z, en: q}\n"})
    )


def test_a_mask_whose_code_is_no_number_is_a_mistake() -> None:
    text = TASKS + _fault() + "table: {name: v, encoding: mask}\ncodes:\n  lots: x.y\n"
    assert [reason for _, _, reason in _mistakes(**{"a.yaml": text})] == ["'lots' is no number"]


@pytest.mark.parametrize(
    ("make", "code", "faults"),
    [
        ("Zaptec", "6", {"station.temperature", "station.internal"}),
        ("Zaptec", "0", set()),
        ("ABB", "0x0000", set()),
        ("ABB", "0x0080", {"station.temperature"}),
        ("Alfen", "999", set()),
        (None, "CX003;CX015", {"station.temperature", "electrical.power_loss"}),
        ("Delta", "EV0087", {"electrical.contactor"}),
        ("Pionix", "evse_board_support/BrownOut", {"electrical.under_voltage"}),
        ("Compleo", "B", {"electrical.ground"}),
        ("Easee", "52", {"none"}),
        ("Easee", "7", {"electrical.phase"}),
        ("KEBA", "0x9001", {"electrical.contactor"}),
    ],
)
def test_vendor_codes_are_read_as_their_maker_writes_them(
    make: str | None, code: str, faults: set[str]
) -> None:
    found = helpers.real_catalog().match_status("OtherError", code, None, None, make)
    assert {m.fault for m in found} - {catalog.VAGUE} == faults


def test_a_vague_vendor_code_does_not_hide_a_common_one() -> None:
    found = helpers.real_catalog().match_status("GroundFailure", "1", None, None, "Alfen")
    assert [m.fault for m in found] == ["electrical.ground"]


def _overlay(text: str) -> catalog.Catalog:
    """The product's catalogue with one file of an operator over it."""
    own = {"own.yaml": text}
    return catalog_reader.parse(helpers.catalog_texts() | own, own.keys())


OWN_TABLE = """
table: {name: own, field: vendor_error, encoding: number, vendor: true, makes: [Alfen], models: [NG910],
  firmwares: ["6.5"]}
codes:
  "102": station.energy_manager
  "103": none
"""


@pytest.mark.parametrize(
    ("model", "firmware", "code", "faults"),
    [
        ("NG910-60003", "6.5.1", "102", {"station.energy_manager"}),
        ("NG910-60003", "6.4.0", "102", {"electrical.contactor"}),
        ("NG920", "6.5.1", "102", {"electrical.contactor"}),
        (None, None, "102", {"electrical.contactor"}),
        ("NG910-60003", "6.5.1", "103", {"none"}),
    ],
)
def test_an_operators_own_table_speaks_first_where_its_model_and_firmware_match(
    model: str | None, firmware: str | None, code: str, faults: set[str]
) -> None:
    found = _overlay(OWN_TABLE).match_status("OtherError", code, None, None, "Alfen", model, firmware)
    assert {m.fault for m in found} == faults


def test_an_operators_own_limit_fault_and_event_replace_the_packaged_ones() -> None:
    text = 'patterns:\n  stuck.preparing_s: {limit: 60, why: "our car park"}\n'
    text += "events:\n- {component: RCD, variable: Tripped, fault: none}\n"
    text += _fault(id="station.internal", task="mob.support.monitoring")
    found = _overlay(text)
    assert found.limits["stuck.preparing_s"] == 60
    assert found.fault("station.internal").owner is Owner.OPERATOR
    assert found.match_event("RCD", "Tripped", None, None) is None


OWN_EVENT = """events:
- {component: RCD, variable: Tripped, fault: none, makes: [Zaptec], models: [Go], firmwares: ["2."]}
"""


@pytest.mark.parametrize(
    ("station", "fault"),
    [
        (("Zaptec", "Go 2", "2.4.1"), None),
        (("zaptec", "GO", "2.0"), None),
        (("Zaptec", "Pro", "2.4.1"), "electrical.ground"),
        (("Zaptec", "Go", "3.0"), "electrical.ground"),
        (("Alfen", "Go", "2.4.1"), "electrical.ground"),
        (("Zaptec", "Go", None), "electrical.ground"),
        ((None, None, None), "electrical.ground"),
    ],
)
def test_an_operators_own_event_rule_holds_for_its_make_model_and_firmware_only(
    station: tuple[str | None, str | None, str | None], fault: str | None
) -> None:
    found = _overlay(OWN_EVENT).match_event("RCD", "Tripped", None, None, station=station)
    assert (None if found is None else found.fault) == fault


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("events:\n- {component: RCD, fault: none, makes: Zaptec}\n", 2, "makes must be a list"),
        ("patterns:\n  stuck.preparing_s: {limit: soon, why: x}\n", 2, "a pattern needs a limit"),
        ("patterns:\n  a:\n    limit: 5\n", 2, "a pattern needs a why"),
        ("advice:\n  no.such: {alternatives: []}\n", 2, "unknown fault 'no.such'"),
        ("advice:\n  station.offline: {alternatives: [no.such]}\n", 2, "unknown fault 'no.such'"),
        ("advice:\n  station.offline: {not_to_do: {nl: a}}\n", 2, "text lacks fr, en"),
        ("table: {name: v, encoding: exact}\ncodes:\n  A: no.such\n", 3, "unknown fault 'no.such'"),
    ],
)
def test_a_mistake_in_an_operators_own_file_names_file_line_and_reason(
    text: str, line: int, reason: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        _overlay(text)
    (mistake,) = caught.value.mistakes
    assert (mistake.file, mistake.line) == ("own.yaml", line)
    assert mistake.reason.startswith(reason)


def test_every_fault_says_what_to_try_what_to_leave_and_what_else_it_could_be() -> None:
    found = helpers.real_catalog()
    for fault in found.faults.values():
        assert fault.source, fault.id
        assert fault.not_to_do is not None, fault.id
        assert fault.alternatives, fault.id
        assert fault.id not in fault.alternatives


@pytest.mark.parametrize("language", catalog.LANGUAGES)
def test_what_else_it_could_be_is_told_by_name(language: str) -> None:
    found = helpers.real_catalog()
    names = explain.alternatives("meter.frozen", found, language)
    assert names == [
        found.fault(other).name.in_(language) for other in ("meter.failure", "charging.no_power")
    ]


def test_every_limit_that_a_rule_asks_for_is_in_the_catalogue() -> None:
    import re

    folder = helpers.ROOT / "rules" / "core"
    source = "\n".join(p.read_text() for p in folder.rglob("*.py"))
    asked = set(re.findall(r'limit\("([\w.]+)"\)', source)) | set(re.findall(r'limits\["([\w.]+)"\]', source))
    assert len(asked) > 30
    assert asked - helpers.real_catalog().limits.keys() == set()


def test_every_proof_that_a_rule_gives_has_its_sentence_in_three_languages() -> None:
    import re

    folder = helpers.ROOT / "rules" / "core"
    source = "\n".join(p.read_text() for p in folder.rglob("*.py"))
    keys = set(re.findall(r'says="(\w+)"', source)) | set(re.findall(r'proof\(\s*obs,\s*"(\w+)"', source))
    assert len(keys) > 20
    for key in keys:
        assert f"says.{key}" in helpers.real_catalog().texts, key


def test_a_proof_with_a_value_that_is_not_known_shows_a_dash() -> None:
    evidence = Evidence(at=helpers.START, says="boot_answer", values={})
    assert (
        explain.says(evidence, helpers.real_catalog(), "en") == "The back end answered - to the boot message."
    )
