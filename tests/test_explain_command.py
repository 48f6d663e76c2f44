"""`laadwacht explain-frame --record`: a stored frame, at rest and from a running owner."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.test_cli import complaint_of, laadwacht
from tests.test_serving import free_ports, place, running

__all__ = ["free_ports", "place"]  # fixtures

ODD = [2, "1", "StatusNotification", {"connectorId": 1, "status": "Broken", "errorCode": "NoError"}]
LINE = json.dumps({"t": "2026-03-01T08:00:00Z", "station": "BE-1", "dir": "in", "version": "1.6", "raw": ODD})


def stored_number(place: Path) -> str:
    exported = laadwacht("export", "frames", "--format", "csv", "-o", "-", cwd=place)
    (row,) = csv.DictReader(exported.stdout.splitlines())
    return row["record_id"]


def test_a_stored_frame_is_explained_alike_from_a_running_owner_and_at_rest(place: Path) -> None:
    (place / "log.jsonl").write_text(f"{LINE}\n")
    with running("serve", place):
        assert laadwacht("import", "log.jsonl", cwd=place).returncode == 0
        number = stored_number(place)
        live = laadwacht("explain-frame", "--record", number, cwd=place)
        none = laadwacht("explain-frame", "--record", "999", cwd=place)
        deaf = laadwacht("explain-frame", "--record", number, "--set", "read_door.port=9", cwd=place)
    assert live.returncode == 0, live.stderr
    assert live.stdout.splitlines()[0] == "StatusNotification request, OCPP 1.6"
    assert "status: expected one of Available" in live.stdout
    assert complaint_of(none) == "--record 999: no frame of that number is stored"
    assert "read_door.port" in complaint_of(deaf)
    rest = laadwacht("explain-frame", "--record", number, cwd=place)
    assert (rest.returncode, rest.stdout) == (0, live.stdout)
