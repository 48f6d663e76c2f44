"""`laadwacht backtest` and `laadwacht precision` beside a running owner process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from data.store import Store
from tests.test_cli import complaint_of, laadwacht
from tests.test_serving import free_ports, place, running

__all__ = ["free_ports", "place"]  # fixtures

RAW = [2, "1", "StatusNotification", {"connectorId": 1, "status": "Faulted", "errorCode": "GroundFailure"}]
CATALOGUE = Path(__file__).resolve().parents[1] / "data" / "catalog"
LINE = json.dumps({"t": "2026-03-01T08:00:00Z", "station": "BE-1", "dir": "in", "raw": RAW})


def changed_catalogue(folder: Path) -> None:
    """A copy of one packaged file, as somebody begins who wants to change it."""
    folder.mkdir()
    shutil.copy(CATALOGUE / "patterns.yaml", folder)


def test_a_running_owner_is_asked_without_being_disturbed(place: Path) -> None:
    (place / "log.jsonl").write_text(f"{LINE}\n")
    changed_catalogue(place / "new")
    with running("serve", place):
        assert laadwacht("import", "log.jsonl", cwd=place).returncode == 0
        tested = laadwacht("backtest", "--catalog", "new", "--json", cwd=place)
        counted = laadwacht("precision", "--since", "2026-01-01", "--by", "fault", "--json", cwd=place)
    assert tested.returncode == 0, tested.stderr
    incidents = json.loads(tested.stdout)["incidents"]
    assert (incidents["present"], incidents["change"], incidents["vanish"]) == (1, [], [])
    assert counted.returncode == 0, counted.stderr
    report = json.loads(counted.stdout)
    assert {row["fault"]: row["incidents"] for row in report["rows"]}["electrical.ground"] == 1
    assert report["total"]["precision"] is None


def test_an_empty_installation_has_nothing_to_look_back_on(tmp_path: Path) -> None:
    changed_catalogue(tmp_path / "new")
    (tmp_path / "laadwacht-data").mkdir()
    Store.open(tmp_path / "laadwacht-data" / "laadwacht.duckdb").close()
    done = laadwacht("backtest", "--catalog", "new", cwd=tmp_path)
    assert done.returncode == 2
    assert "nothing is stored yet" in done.stderr
    table = laadwacht("precision", cwd=tmp_path)
    assert (table.returncode, "precision" in table.stdout) == (0, True)


def test_a_folder_without_a_catalogue_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "notes.txt").write_text("to do")
    told = complaint_of(laadwacht("backtest", "--catalog", "new", cwd=tmp_path))
    assert told.startswith("--catalog: new holds no catalogue file")
    assert "faults.yaml" in told
