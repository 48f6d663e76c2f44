"""`laadwacht route --explain`, from a register in a file and from a database; the README's routing file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.cli.application import main
from collectors.owner.checking import problems_of
from collectors.settings.load import load_settings
from data.catalog_files import load_catalog
from data.register import read_register_text, write_register
from data.store import Store
from rules.core.model import StationRow

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = """
[destinations.helpdesk]
party = "operator"
url = "json://127.0.0.1:9"
[destinations.volt]
party = "installer:Volt"
url = "json://127.0.0.1:9"
[destinations.volt-chef]
party = "installer:Volt"
contact = 2
url = "json://127.0.0.1:9"
[rules]
routing_file = "routing.yaml"
"""
REGISTER = """station;site;installer;warranty_until;contract
GNT-1;GNT;Volt;31/12/2026;gold
GNT-2;GNT;Volt;31/12/2025;silver
"""
MOMENT = "2026-11-20T16:00"


def readme_routing() -> str:
    """The routing file of the README, as a reader would copy it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(# routing\.yaml.*?)```", readme, re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "laadwacht.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "routing.yaml").write_text(readme_routing(), encoding="utf-8")
    (tmp_path / "register.csv").write_text(REGISTER, encoding="utf-8")
    return tmp_path


def ask(folder: Path, *more: str) -> list[str]:
    files = ["--stations", str(folder / "register.csv"), "--config", str(folder / "laadwacht.toml")]
    return ["route", *more, *files, "--at", MOMENT]


def answer(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def test_the_routing_file_of_the_readme_is_sound(folder: Path) -> None:
    settings = load_settings({"config": folder / "laadwacht.toml"}, {}, folder)
    assert problems_of(settings) == []
    routing = load_catalog(None, folder / "routing.yaml").routing
    assert [rule.id for rule in routing.rules if not rule.packaged]
    assert routing.contracts.keys() == {"gold"}


def test_the_answer_names_rule_reason_who_when_and_what_follows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = answer(ask(folder, "--explain", "GNT-1", "station.offline"), capsys)
    assert "- rule out-of-warranty does not fit: warranty out, but it is in" in said
    assert "Rule: installer (data/catalog/routing.yaml:" in said
    assert "This is among the installer's tasks: react fittingly" in said
    assert "Who must act: the installer Volt; destinations: volt\n" in said
    assert "For information only" not in said
    assert "When: 2026-11-20 16:02:00 CET" in said
    assert "Response due: 2026-11-23 10:01:00 CET (contract gold)" in said
    assert "step 1: 2026-11-20 20:02:00 CET the installer (contact 2); destinations: volt-chef" in said
    assert "step 2: 2026-11-21 00:02:00 CET Mobiflow; destinations: helpdesk" in said


def test_without_explain_only_the_rule_that_fits_is_told_in_the_language_asked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = answer(ask(folder, "GNT-2", "station.offline", "--language", "nl"), capsys)
    assert "past niet" not in said
    assert "Regel: out-of-warranty" in said
    assert "Wie moet handelen: Mobiflow; bestemmingen: helpdesk\n" in said
    assert "Enkel ter informatie: volt\n" in said
    assert "Het contract silver uit het register staat niet in het routeringsbestand" in said


def test_json_has_the_same_for_a_program(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(answer(ask(folder, "XYZ", "station.offline", "--json"), capsys))
    assert (told["rule"], told["party"], told["gap"]) == ("installer", "operator", "not_registered")
    assert told["destinations"] == ["helpdesk"]
    assert told["missed"][0]["condition"] == "warranty"
    assert told["known"]["registered"] == "no"
    assert set(told["why"]) == {"nl", "fr", "en"}


def test_another_severity_gives_other_waits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ask(folder, "GNT-1", "station.offline", "--severity", "critical", "--json")
    steps = json.loads(answer(arguments, capsys))["steps"]
    assert [step["due_at"] for step in steps] == ["2026-11-20T15:32:00+00:00", "2026-11-20T16:02:00+00:00"]


def test_what_can_wait_for_the_morning_says_until_when(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ask(folder, "GNT-1", "imminent.slow_unlock")
    said = answer([*arguments[:-1], "2026-11-20T22:00"], capsys)
    assert "volt hears of it only at 2026-11-21 07:00:00 CET: this can wait for the hours of service" in said
    assert "nobody else is called: the chain is not for imminent" in said


def test_a_fault_with_a_slip_of_the_pen_is_answered_with_what_is_near(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(ask(folder, "GNT-1", "station.ofline")) == 2
    assert "did you mean station.offline" in capsys.readouterr().err
    assert main(ask(folder, "GNT-1", "ground.failure")) == 2
    assert "electrical.ground" in capsys.readouterr().err
    assert main(ask(folder, "GNT-1", "xyz")) == 2
    assert "it has auth.card_refused, " in capsys.readouterr().err


def test_a_database_at_rest_tells_register_and_what_the_station_says_of_itself(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "routing.yaml").write_text("routes: [{id: old, when: {firmware: 5.*}, to: helpdesk}]")
    now = datetime(2026, 11, 20, tzinfo=UTC)
    (folder / "data").mkdir()
    with Store.open(folder / "data" / "laadwacht.duckdb") as store:
        write_register(store, read_register_text(REGISTER, "register.csv"), now)
        station = StationRow(station="GNT-1", first_seen_at=now, last_seen_at=now, firmware="5.8.1")
        store.apply([station], at=now)
    arguments = ["route", "GNT-1", "station.offline", "--data-dir", str(folder / "data")]
    said = answer([*arguments, "--config", str(folder / "laadwacht.toml")], capsys)
    assert "Rule: old" in said


def test_a_rule_that_names_a_destination_nobody_set_stops_the_start_with_its_line(folder: Path) -> None:
    (folder / "routing.yaml").write_text("routes:\n- {id: one, to: helpdsk}\n- {id: two, to: customer}\n")
    settings = load_settings({"config": folder / "laadwacht.toml"}, {}, folder)
    assert [line for line in problems_of(settings) if "routing.yaml:2: " in line and "helpdsk" in line]


def test_a_file_without_routing_is_told_so(folder: Path) -> None:
    (folder / "routing.yaml").write_text("rules: []\n")
    settings = load_settings({"config": folder / "laadwacht.toml"}, {}, folder)
    assert any("holds no routing" in line for line in problems_of(settings))
