"""The stored past judged again under a changed catalogue: what appears, vanishes or changes hands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from collectors.cli.look_back_tables import backtest_table
from collectors.look_back.backtest import backtest
from collectors.look_back.stored_past import observations, register_of, span_of
from data.at_rest import RestingStore
from data.catalog_files import load_catalog
from data.register import write_register
from data.store import Store
from rules.core.catalog.entries import Catalog
from rules.core.model import Asset
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from tests.test_cli import complaint_of, laadwacht

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
DESTINATIONS = (
    Destination(name="helpdesk", party="operator"),
    Destination(name="volta", party="installer:Volta"),
)
REGISTER = {"S1": Asset(station="S1", site="Quay", installer="Volta", installed_on="2020-05-04")}


def record(seconds: float, status: str, code: str = "NoError") -> dict[str, Any]:
    payload = {"connectorId": 1, "status": status, "errorCode": code}
    at = (START + timedelta(seconds=seconds)).isoformat()
    raw = [2, f"s{seconds}", "StatusNotification", payload]
    return {"t": at, "station": "S1", "dir": "in", "raw": raw, "version": "1.6"}


def beats(first: int, last: int) -> list[dict[str, Any]]:
    at = [(n, (START + timedelta(seconds=n)).isoformat()) for n in range(first, last, 60)]
    return [{"t": t, "station": "S1", "dir": "in", "raw": [2, f"h{n}", "Heartbeat", {}]} for n, t in at]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A data directory with an earth fault, then a lock fault, and the register."""
    log = [
        *beats(0, 60),
        record(60, "Faulted", "GroundFailure"),
        *beats(120, 600),
        record(600, "Available"),
        *beats(660, 3600),
        record(3600, "Faulted", "ConnectorLockFailure"),
        *beats(3660, 7200),
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log))
    assert laadwacht("import", "log.jsonl", "--data-dir", "data", cwd=tmp_path).returncode == 0
    with Store.open(tmp_path / "data" / "laadwacht.duckdb") as store:
        write_register(store, REGISTER.values())
    return tmp_path


def changed_catalog(folder: Path, fault: str, **fields: object) -> Path:
    """The packaged faults with some fields of one fault changed."""
    text = files("data").joinpath("catalog", "faults.yaml").read_text(encoding="utf-8")
    table = yaml.load(text, Loader=yaml.CSafeLoader)
    (entry,) = [entry for entry in table["faults"] if entry["id"] == fault]
    entry.update(fields)
    folder.mkdir()
    (folder / "faults.yaml").write_text(yaml.safe_dump(table), encoding="utf-8")
    return folder


def compared(place: Path, changed: Catalog) -> dict[str, Any]:
    with RestingStore.open(place / "data" / "laadwacht.duckdb") as store:
        span = span_of(store.query)
        assert span is not None
        return backtest(
            observations(store.query, span.first, span.last),
            load_catalog(),
            changed,
            register=register_of(store.query),
            policy=Policy(),
            destinations=DESTINATIONS,
        )


def test_the_same_catalogue_changes_nothing(place: Path) -> None:
    report = compared(place, load_catalog())
    assert report["incidents"] == {
        "present": 2,
        "changed_catalogue": 2,
        "appear": [],
        "vanish": [],
        "change": [],
        "change_hands": 0,
    }
    assert report["messages"]["present"] == report["messages"]["changed_catalogue"] > 0
    assert (report["messages"]["appear"], report["messages"]["vanish"]) == (0, 0)


def test_another_owner_is_told_with_the_messages_that_move(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = changed_catalog(
        tmp_path / "new", "electrical.ground", owner="operator", task="mob.support.monitoring"
    )
    report = compared(place, load_catalog(folder))
    (change,) = report["incidents"]["change"]
    assert change["changes"]["owner"] == ["installer", "operator"]
    assert report["incidents"]["change_hands"] == 1
    assert report["messages"]["by_destination"] == {
        "helpdesk": {"appear": 2, "vanish": 0},
        "volta": {"appear": 0, "vanish": 2},
    }
    moved = [
        [(item["destination"], item["reason"], item["fault"]) for item in report["messages"][name]]
        for name in ("vanishing", "appearing")
    ]
    assert moved[0] == [("volta", reason, "electrical.ground") for reason in ("first", "resolved")]
    assert moved[1] == [("helpdesk", reason, "electrical.ground") for reason in ("first", "resolved")]
    backtest_table({"since": "2026-03-01T08:00:00+00:00", "until": "2026-03-01T10:00:00+00:00", **report})
    lines = capsys.readouterr().out.splitlines()
    assert sum("message vanishes" in line and "to volta, first" in line for line in lines) == 1
    assert sum("message appears" in line and "to helpdesk, resolved" in line for line in lines) == 1


def test_a_hold_time_that_no_fault_reaches_makes_it_vanish(place: Path, tmp_path: Path) -> None:
    folder = changed_catalog(tmp_path / "new", "connector.lock", hold_s=7200)
    report = compared(place, load_catalog(folder))
    assert [item["fault"] for item in report["incidents"]["vanish"]] == ["connector.lock"]
    back = compared(place, load_catalog())
    assert back["incidents"]["vanish"] == []


def test_a_code_that_means_another_fault_is_a_change_and_no_new_incident(place: Path, tmp_path: Path) -> None:
    text = files("data").joinpath("catalog", "codes16.yaml").read_text(encoding="utf-8")
    folder = tmp_path / "new"
    folder.mkdir()
    (line,) = [line for line in text.splitlines() if "ConnectorLockFailure" in line]
    (folder / "codes16.yaml").write_text(
        text.replace(line, line.replace("connector.lock", "connector.cable")), encoding="utf-8"
    )
    report = compared(place, load_catalog(folder))
    assert (report["incidents"]["appear"], report["incidents"]["vanish"]) == ([], [])
    (change,) = report["incidents"]["change"]
    assert change["changes"]["fault"] == ["connector.lock", "connector.cable"]


def test_the_register_comes_back_as_it_was_taken_in(place: Path) -> None:
    with RestingStore.open(place / "data" / "laadwacht.duckdb") as store:
        assert register_of(store.query) == REGISTER


def test_the_command_compares_a_database_at_rest(place: Path, tmp_path: Path) -> None:
    changed_catalog(tmp_path / "new", "electrical.ground", owner="operator", task="mob.support.monitoring")
    arguments = ("backtest", "--catalog", "new", "--data-dir", "data")
    done = laadwacht(*arguments, "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["incidents"]["change_hands"], report["since"]) == (1, "2026-03-01T08:00:00+00:00")
    late = json.loads(laadwacht(*arguments, "--json", "--since", "90m", cwd=place).stdout)
    assert (late["incidents"]["present"], late["incidents"]["change_hands"]) == (1, 0)
    table = laadwacht(*arguments, cwd=place)
    assert "owner installer -> operator" in table.stdout


def test_what_cannot_be_compared_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    line = complaint_of(laadwacht("backtest", "--catalog", "nowhere", cwd=tmp_path))
    assert "nowhere" in line
    (tmp_path / "log.jsonl").write_text(json.dumps(record(0, "Available")))
    laadwacht("import", "log.jsonl", "--data-dir", "data", cwd=tmp_path)
    arguments = ("backtest", "--catalog", "new", "--data-dir", "data", "--since", "long")
    assert "holds no catalogue file" in complaint_of(laadwacht(*arguments, cwd=tmp_path))
    built_in = Path(__file__).parent.parent.parent / "data" / "catalog" / "patterns.yaml"
    (tmp_path / "new" / "patterns.yaml").write_text(built_in.read_text(encoding="utf-8"))
    assert "--since" in complaint_of(laadwacht(*arguments, cwd=tmp_path))
