"""`laadwacht export frames`: the same rows from a running owner and at rest; a log to be taken in again."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collectors.logs.frame_export import PAGE, Selection, pages, span_of
from collectors.logs.frame_files import frame_file
from data.at_rest import RestingStore
from data.rows import Batch, FrameRow
from data.store import Store
from tests.test_cli import ROOT, complaint_of, laadwacht
from tests.test_serving import free_ports, place, running

__all__ = ["free_ports", "place"]  # fixtures

START = datetime(2026, 11, 1, 10, tzinfo=UTC)
ODD = [
    '[2,"1","Heartbeat",  {"a" : 1.50}]',
    '[2,"2","Heart',
    "[3,\"3\",\n{\n}]",
    '"[2,quoted]"',
    "null",
    " [2,\"4\",\"Heartbeat\",{}] ",
    '[4,"5","NotImplemented","É, \\"quoted\\"",{"x":[1,2]}]',
    "[2,\"6\",\"DataTransfer\",{\"data\":\"a,b;c\ttab\"}]",
    "=cmd()",
    '[2,"7","Heartbeat",{}]\r',
]  # fmt: skip


def log_of(frames: list[str], station: str = "BE-1") -> str:
    return "".join(
        json.dumps(
            {"t": (START + timedelta(seconds=n)).isoformat(), "station": station, "dir": "in", "raw": raw}
        )
        + "\n"
        for n, raw in enumerate(frames)
    )


def stored(data_dir: Path) -> list[tuple[Any, ...]]:
    with Store.open(data_dir / "laadwacht.duckdb") as store:
        return store.sql(
            "SELECT received_at, station, direction, version, raw, findings FROM frame ORDER BY record_id"
        ).rows()


def export(place: Path, kind: str, *more: str) -> bytes:
    done = laadwacht("export", "frames", "--format", kind, "-o", f"out.{kind}", *more, cwd=place)
    assert done.returncode == 0, done.stderr
    return (place / f"out.{kind}").read_bytes()


def test_an_export_taken_in_elsewhere_gives_the_same_frames(tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_text(log_of(ODD))
    assert laadwacht("import", "odd.jsonl", "--data-dir", "one", cwd=tmp_path).returncode == 0
    export(tmp_path, "jsonl", "--data-dir", "one")
    done = laadwacht("import", "out.jsonl", "--data-dir", "two", cwd=tmp_path)
    assert done.stdout.startswith(f"{len(ODD)} records read, {len(ODD)} stored"), done.stdout + done.stderr
    assert stored(tmp_path / "two") == stored(tmp_path / "one")
    again = laadwacht("import", "out.jsonl", "--data-dir", "one", cwd=tmp_path)
    assert again.stdout.startswith(f"{len(ODD)} records read, 0 stored"), "the text of a frame changed"


def test_our_csv_can_be_taken_in_again_too(tmp_path: Path) -> None:
    sound = [raw for raw in ODD if raw.startswith("[") and raw == raw.strip()]
    (tmp_path / "odd.jsonl").write_text(log_of(sound))
    laadwacht("import", "odd.jsonl", "--data-dir", "one", cwd=tmp_path)
    export(tmp_path, "csv", "--data-dir", "one")
    done = laadwacht("import", "out.csv", "--data-dir", "two", cwd=tmp_path)
    assert "out.csv was read as csv" in done.stdout, done.stderr
    assert [row[4] for row in stored(tmp_path / "two")] == sound


def test_every_form_holds_receipt_time_station_direction_id_action_payload_and_findings(
    tmp_path: Path,
) -> None:
    (tmp_path / "odd.jsonl").write_text(log_of(ODD))
    laadwacht("import", "odd.jsonl", cwd=tmp_path)
    table = pl.read_parquet(io.BytesIO(export(tmp_path, "parquet")))
    assert table["received_at"].to_list() == [START + timedelta(seconds=n) for n in range(len(ODD))]
    assert table["raw"].to_list() == ODD
    first = table.row(0, named=True)
    assert (first["station"], first["direction"], first["message_id"], first["action"], first["type"]) == (
        "BE-1", "in", "1", "Heartbeat", 2,
    )  # fmt: skip
    assert json.loads(first["payload"]) == {"a": 1.5}
    assert table["payload"].to_list()[1] is None
    assert json.loads(table["payload"].to_list()[6]) == {"x": [1, 2]}
    assert "json_truncated" in table["findings"].to_list()[1]
    rows = list(csv.DictReader(io.StringIO(export(tmp_path, "csv").decode(), newline="")))
    assert [row["raw"] for row in rows] == ODD
    assert [row["message_id"] for row in rows] == [value or "" for value in table["message_id"]]
    assert rows[0]["received_at"] == "2026-11-01T10:00:00.000000Z"
    lines = [json.loads(line) for line in export(tmp_path, "jsonl").decode().splitlines()]
    assert [line["findings"] for line in lines] == table["findings"].to_list()
    assert [line["action"] for line in lines] == table["action"].to_list()


def test_an_export_can_be_limited_to_a_station_and_a_time(tmp_path: Path) -> None:
    one = log_of(ODD[:1] * 5, "BE-1") + log_of(ODD[:1] * 5, "BE-2")
    (tmp_path / "two.jsonl").write_text(one)
    laadwacht("import", "two.jsonl", cwd=tmp_path)
    limits = (
        "--from",
        "2026-11-01T11:00:01",
        "--to",
        "2026-11-01T10:00:03Z",
        "--timezone",
        "Europe/Brussels",
    )
    lines = [
        json.loads(line) for line in export(tmp_path, "jsonl", "--station", "BE-2", *limits).splitlines()
    ]
    assert [(line["station"], line["t"]) for line in lines] == [
        ("BE-2", "2026-11-01T10:00:01.000000Z"),
        ("BE-2", "2026-11-01T10:00:02.000000Z"),
    ]
    assert export(tmp_path, "jsonl", "--station", "nobody") == b""


def test_a_running_owner_and_the_database_at_rest_give_the_same_rows(place: Path) -> None:
    (place / "odd.jsonl").write_text(log_of(ODD * 30))
    kinds = ("csv", "jsonl", "parquet")
    with running("serve", place):
        done = laadwacht("import", "odd.jsonl", cwd=place)
        assert done.returncode == 0, done.stderr
        live = {kind: export(place, kind) for kind in kinds}
    rest = {kind: export(place, kind) for kind in kinds}
    assert live["csv"] == rest["csv"]
    assert live["jsonl"] == rest["jsonl"]
    assert live["csv"].count(b"BE-1") == 300
    assert pl.read_parquet(io.BytesIO(live["parquet"])).equals(pl.read_parquet(io.BytesIO(rest["parquet"])))
    assert len(live["jsonl"].splitlines()) == 300


def test_standard_output_takes_an_export_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "day.jsonl").write_text(log_of(ODD[:1]))
    laadwacht("import", "day.jsonl", cwd=tmp_path)
    done = laadwacht("export", "frames", "--format", "jsonl", "-o", "-", cwd=tmp_path)
    assert json.loads(done.stdout)["raw"][2] == "Heartbeat"
    assert done.stderr == "laadwacht: 1 frames written to standard output\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--format", "csv", "-o", "out.csv"), "does not exist"),
        (("--format", "parquet", "-o", "-"), "cannot be written to a pipe"),
        (("--format", "csv", "-o", "out.csv", "--from", "soon"), "--from soon: is no time"),
        (("--format", "csv", "-o", "out.csv", "--timezone", "Mars/Base"), "there is no such time zone"),
        (("--format", "csv", "-o", "no/such/folder/out.csv"), "cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_exported_is_told_in_one_line_and_leaves_no_file(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in complaint_of(laadwacht("export", "frames", *arguments, cwd=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_full_disk_is_told_and_leaves_the_old_file_alone(tmp_path: Path) -> None:
    (tmp_path / "day.jsonl").write_text(log_of(ODD[:1] * 400))
    laadwacht("import", "day.jsonl", cwd=tmp_path)
    (tmp_path / "out.csv").write_text("old")
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        "from collectors.cli.application import main;"
        "sys.exit(main(['export', 'frames', '--format', 'csv', '-o', 'out.csv']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "out.csv: cannot be written: File too large" in complaint_of(done)
    assert (tmp_path / "out.csv").read_text() == "old"
    assert list(tmp_path.glob("*.part")) == list(tmp_path.glob(".*.part")) == []


def test_frames_committed_before_a_crash_are_exported(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from data.store import Store;"
        "from tests.test_export import batch_of; store = Store.open(Path(sys.argv[1]));"
        "store.submit(batch_of(store, 500), lambda error: os._exit(0 if error is None else 1)); store.close()"
    )
    data_dir = tmp_path / "laadwacht-data"
    data_dir.mkdir()
    place = str(data_dir / "laadwacht.duckdb")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert (
        subprocess.run([sys.executable, "-c", code, place], env=env, timeout=60, check=False).returncode == 0
    )
    assert len(export(tmp_path, "jsonl").splitlines()) == 500


def batch_of(store: Store, count: int) -> Batch:
    frames = [
        FrameRow(
            record_id=store.next_record_id(),
            received_at=START + timedelta(seconds=n),
            station=f"S{n % 7}",
            direction="in",
            version="1.6",
            type=2,
            message_id=str(n),
            action="Heartbeat",
            raw=f'[2,"{n}","Heartbeat",{{}}]',
            findings=(),
            import_key=None,
        )
        for n in range(count)
    ]
    return Batch(frames=frames, links=[], observations=[])


def test_pages_hold_every_frame_once_and_stay_small(tmp_path: Path) -> None:
    count = 3 * PAGE + 17
    with Store.open(tmp_path / "laadwacht.duckdb") as store:
        store.submit(batch_of(store, count), None)
    with RestingStore.open(tmp_path / "laadwacht.duckdb") as resting:
        for station in (None, "S3", "nobody"):
            selection = Selection(station=station)
            span = span_of(resting.query, selection)
            if span is None:
                assert station == "nobody"
                continue
            seen: list[int] = []
            for reached, page in pages(resting.query, selection, span):
                assert page.height <= 2 * PAGE
                assert reached <= span.last
                seen += page["record_id"].to_list()
            assert len(seen) == span.frames
            assert seen == sorted(set(seen))
            assert station is not None or len(seen) == count


def test_an_empty_export_is_a_sound_file_of_every_kind(tmp_path: Path) -> None:
    for kind in ("csv", "jsonl", "parquet"):
        content = io.BytesIO()
        frame_file(kind, content).close()
        if kind == "csv":
            assert content.getvalue().startswith(b"received_at,station,direction")
        elif kind == "parquet":
            assert pl.read_parquet(io.BytesIO(content.getvalue())).height == 0
        else:
            assert content.getvalue() == b""


def test_connection_events_are_exported_and_taken_in_elsewhere(tmp_path: Path) -> None:
    events = [
        {"t": "2026-11-01T10:00:00.000000Z", "station": "BE-1", "event": "connected", "version": "1.6"},
        {"t": "2026-11-01T11:00:00.250000Z", "station": "BE-1", "event": "disconnected", "version": "1.6"},
        {"t": "2026-11-01T12:00:00.000000Z", "station": "BE-2", "event": "connected", "version": "2.0.1"},
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    assert laadwacht("import", "log.jsonl", "--data-dir", "one", cwd=tmp_path).returncode == 0
    told = laadwacht("export", "links", "--format", "jsonl", "-o", "all", "--data-dir", "one", cwd=tmp_path)
    assert told.stderr.endswith("3 connection events written to all\n"), told.stderr
    rows = [json.loads(line) for line in (tmp_path / "all").read_text().splitlines()]
    assert [{name: row[name] for name in events[0]} for row in rows] == events
    assert laadwacht("import", "all", "--data-dir", "two", cwd=tmp_path).stdout.startswith(
        "3 records read, 3"
    )
    limited = ("--station", "BE-1", "--from", "2026-11-01T10:30", "-o", "-")
    out = laadwacht("export", "links", "--format", "csv", *limited, "--data-dir", "two", cwd=tmp_path).stdout
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["happened_at"], row["event"]) == ("2026-11-01T11:00:00.250000Z", "disconnected")
