"""`laadwacht triage` and `laadwacht score` as a person or a script meets them: output, errors, exit code."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from collectors.cli.log_reading import opened_log
from collectors.cli.options import station_of
from collectors.logs.formats.recognise import recognise
from collectors.logs.formats.text import Reading
from collectors.look_back.triage_log import triage
from data.catalog_files import load_catalog
from rules.core.policy import Policy
from tests.corpus_log import FIXTURE
from tests.test_cli import complaint_of, laadwacht

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FAULT = [
    2,
    "1",
    "StatusNotification",
    {"connectorId": 1, "status": "Faulted", "errorCode": "ConnectorLockFailure"},
]
LINE = json.dumps({"t": "2026-03-01T08:00:00Z", "station": "BE-1", "dir": "in", "raw": FAULT})
REGISTER = "station,site,installer\nBE-1,Quay,Volta\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "log.jsonl").write_text(f"{LINE}\n")
    (tmp_path / "register.csv").write_text(REGISTER)
    (tmp_path / "prose.txt").write_text("Dear helpdesk,\nit does not work.\n")
    return tmp_path


def test_json_is_alone_on_standard_output_and_bad_lines_are_named_beside_it(place: Path) -> None:
    done = laadwacht("triage", "-", "--json", cwd=place, text=f"nonsense\n{LINE}\n")
    (incident,) = json.loads(done.stdout)
    assert (incident["station"], incident["fault"], incident["state"]) == (
        "BE-1",
        "connector.lock",
        "pending",
    )
    assert done.returncode == 0
    assert done.stderr.startswith("laadwacht: standard input: line 1: ")


def test_the_register_and_the_end_of_time_count(place: Path) -> None:
    arguments = ("triage", "log.jsonl", "--stations", "register.csv", "--json", "--until")
    (incident,) = json.loads(laadwacht(*arguments, "2026-03-01T08:05:00", cwd=place).stdout)
    assert (incident["site"], incident["state"]) == ("Quay", "open")
    assert json.loads(laadwacht(*arguments, "2026-03-01T08:01:00Z", cwd=place).stdout) == []


def test_a_log_without_a_fault_ends_well_too(place: Path) -> None:
    (place / "quiet.jsonl").write_text(
        json.dumps({"t": "2026-03-01T08:00:00Z", "station": "BE-1", "event": "connected"})
    )
    done = laadwacht("triage", "quiet.jsonl", "--json", cwd=place)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert not list(place.glob("**/*.duckdb")), "a log is judged without a database"


def test_a_log_without_a_record_is_no_log_without_a_fault(place: Path) -> None:
    (place / "empty.jsonl").write_text("\n")
    (place / "odd.jsonl").write_text('{"t": "soon", "station": "BE-1"}\n')
    empty = laadwacht("triage", "empty.jsonl", "--json", cwd=place)
    assert complaint_of(empty) == "empty.jsonl: nothing in it: nothing to judge"
    assert empty.stdout == ""
    odd = laadwacht("triage", "odd.jsonl", "--format", "jsonl", "--json", cwd=place)
    assert odd.returncode == 2
    assert odd.stderr.splitlines()[-1] == (
        "laadwacht: odd.jsonl: no line of it is a record: nothing to judge"
    )


@pytest.mark.parametrize(("language", "word"), [("nl", "vergrendeling"), ("en", "lock")])
def test_without_json_a_person_reads_it_in_the_language_asked_for(
    place: Path, language: str, word: str
) -> None:
    done = laadwacht("triage", "log.jsonl", "--language", language, cwd=place)
    assert done.returncode == 0
    assert word in done.stdout.lower()
    assert "hardware" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("triage",), "LOG"),
        (("triage", "nosuch.jsonl"), "nosuch.jsonl"),
        (("triage", "log.jsonl", "--until", "soon"), "--until"),
        (("triage", "log.jsonl", "--stations", "log.jsonl"), "log.jsonl"),
        (("triage", "log.jsonl", "--catalog", "nowhere"), "nowhere"),
        (("triage", "log.jsonl", "--format", "telex"), "telex"),
        (("triage", "prose.txt"), "prose.txt"),
        (("score", "nosuch.jsonl"), "nosuch.jsonl"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_exit_code_2(
    place: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = laadwacht(*arguments, cwd=place)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert told in done.stderr
    assert done.stdout == ""


FRAME = json.dumps(FAULT)
BARE = f"2026-03-01 08:00:00 {FRAME}\n".encode()
FORMATS = {
    "jsonl": f"{LINE}\n".encode(),
    "csv": b'time,station,direction,message\n2026-03-01T08:00:00Z,BE-1,in,"%s"\n'
    % FRAME.replace('"', '""').encode(),
    "ocppj": BARE,
    "homeassistant": b"2026-03-01 08:00:00.000 DEBUG (MainThread) [ocpp] BE-1: receive message "
    + FRAME.encode()
    + b"\n",
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("name", FORMATS)
def test_a_log_in_any_format_that_import_takes_is_judged(
    name: str, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    log = tmp_path / "BE-1.log"
    log.write_bytes(pack(FORMATS[name]))
    with ExitStack() as stack:
        found = triage(
            opened_log(str(log), None, Reading(station=station_of(str(log))), stack),
            load_catalog(),
            {},
            Policy(),
        )
    assert [(row.station, row.fault) for row in found.rows] == [("BE-1", "connector.lock")]
    assert found.bad == 0


def test_lines_without_time_direction_or_station_are_judged_all_the_same() -> None:
    lines = [
        {"t": "2026-03-01T08:00:00Z", "raw": [2, "1", "Authorize", {"idTag": "A"}]},
        {"t": None, "raw": [3, "1", {"idTagInfo": {"status": "accepted"}}]},
        {"raw": FRAME, "dir": None},
        {"t": "soon", "dir": "in", "raw": FAULT},
    ]
    log = "".join(json.dumps(line) + "\n" for line in lines).encode()
    reader, pieces = recognise([log])
    records = reader.read(pieces, Reading(station="BE-9", mend=True))
    found = triage(records, load_catalog(), {}, Policy())
    assert sorted(row.fault for row in found.rows) == ["backend.malformed", "connector.lock"]
    assert [proof["t"][:19] for one in found.incidents for proof in one["evidence"]] == [
        "2026-03-01T08:00:01",
        "2026-03-01T08:00:02",
    ]
    assert [bad.line for bad in found.first_bad] == [4]


def test_a_format_can_be_named_and_a_log_that_names_no_station_is_named_after_its_file(place: Path) -> None:
    (place / "BE-7.txt").write_bytes(BARE)
    done = laadwacht("triage", "BE-7.txt", "--format", "ocppj", "--json", cwd=place)
    (incident,) = json.loads(done.stdout)
    assert incident["station"] == "BE-7"
    named = laadwacht("triage", "-", "--station", "BE-8", "--json", cwd=place, text=BARE.decode())
    assert [one["station"] for one in json.loads(named.stdout)] == ["BE-8"]


def test_a_line_that_is_no_case_is_named(place: Path) -> None:
    assert "log.jsonl: line 1: " in complaint_of(laadwacht("score", "log.jsonl", cwd=place))
    (place / "empty.jsonl").write_text("")
    assert "wanted one JSON object a line" in complaint_of(laadwacht("score", "empty.jsonl", cwd=place))


def test_score_prints_figures_and_a_line_for_every_case(place: Path) -> None:
    done = laadwacht("score", str(FIXTURE), "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(report["cases"]) == 52
    assert set(report["headline"]["sides"]) == {"software", "hardware", "none"}
    table = laadwacht("score", str(FIXTURE), cwd=place)
    assert "precision" in table.stdout
