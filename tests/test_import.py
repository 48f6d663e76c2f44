"""`laadwacht import` with logs of any format, packed or not, and what Ctrl-C leaves."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.logs.formats.compressed import LogBytes
from data.store import Store
from tests.test_cli import ROOT, complaint_of, laadwacht
from tests.test_serving import free_ports, place, running

__all__ = ["free_ports", "place"]  # fixtures

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

START = datetime(2026, 11, 1, 10, tzinfo=UTC)
STEVE = (
    "[INFO ] 2026-11-01 11:00:00,000 de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (t) - "
    '[chargeBoxId=BE-1, sessionId=1] Received: [2,"1","Heartbeat",{}]\n'
    "[INFO ] 2026-11-01 11:00:00,100 de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (t) - "
    '[chargeBoxId=BE-1, sessionId=1] Sending: [3,"1",{"currentTime":"2026-11-01T10:00:00Z"}]\n'
    "[INFO ] 2026-13-01 11:00:00,100 de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (t) - "
    '[chargeBoxId=BE-1, sessionId=1] Sending: [3,"1",{}]\n'
)


def long_log(count: int) -> bytes:
    return b"".join(
        json.dumps(
            {
                "t": (START + timedelta(seconds=n)).isoformat(),
                "station": f"S{n % 50}",
                "dir": "in",
                "raw": [2, str(n), "Heartbeat", {}],
            }
        ).encode()
        + b"\n"
        for n in range(count)
    )


def frames_in(data_dir: Path) -> list[tuple[Any, ...]]:
    with Store.open(data_dir / "laadwacht.duckdb") as store:
        return store.sql("SELECT received_at, station, direction, raw FROM frame ORDER BY 1, 2, 4").rows()


def test_a_log_of_another_system_goes_in_and_its_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "steve.log").write_text(STEVE)
    done = laadwacht("import", "steve.log", "--timezone", "Europe/Brussels", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 records read, 2 stored, 0 there already, 1 bad line(s) skipped\n")
    assert "steve.log was read as steve: SteVe log\n" in done.stdout
    assert done.stderr == "laadwacht: steve.log: line 3: '2026-13-01T11:00:00.100' is no time\n"
    assert [(row[0], row[2]) for row in frames_in(tmp_path / "laadwacht-data")] == [
        (START, "in"),
        (START + timedelta(milliseconds=100), "out"),
    ]


def test_gzip_and_zstd_are_known_by_their_first_bytes_whatever_their_name(tmp_path: Path) -> None:
    content = STEVE.encode()
    (tmp_path / "one.log").write_bytes(gzip.compress(content[:200]) + gzip.compress(content[200:]))
    (tmp_path / "two.log").write_bytes(zstd.compress(content[:300]) + zstd.compress(content[300:]))
    (tmp_path / "three.gz").write_bytes(content)
    for name, stored in (("one.log", 2), ("two.log", 0), ("three.gz", 0)):
        done = laadwacht("import", name, cwd=tmp_path)
        assert done.stdout.startswith(f"2 records read, {stored} stored, {2 - stored} there already"), (
            done.stderr
        )


def test_a_packed_log_that_is_cut_off_gives_what_comes_before_and_says_so(tmp_path: Path) -> None:
    content = long_log(20_000)
    for name, packed in (("a.gz", gzip.compress(content)), ("a.zst", zstd.compress(content))):
        (tmp_path / name).write_bytes(packed[: len(packed) // 2])
        with (tmp_path / name).open("rb") as file:
            source = LogBytes(name, file)
            came = b"".join(source.chunks())
        assert content.startswith(came)
        assert len(came) > 100_000
        assert "cut off or damaged" in (source.trouble or "")
    done = laadwacht("import", "a.gz", cwd=tmp_path)
    assert done.returncode == 0
    assert "a.gz: the compressed data is cut off or damaged, what came before was read" in done.stderr


@pytest.mark.parametrize(
    "start", [b"", b"\x1f", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfdzz", b"\x1f\x8bzz"]
)
def test_a_file_that_only_begins_like_a_packed_one_does_not_break_the_reader(
    tmp_path: Path, start: bytes
) -> None:
    (tmp_path / "odd").write_bytes(start)
    with (tmp_path / "odd").open("rb") as file:
        source = LogBytes("odd", file)
        came = b"".join(source.chunks())
    assert came == (start if source.trouble is None and len(start) < 2 else b"")


@pytest.mark.parametrize(
    ("content", "arguments", "complaint"),
    [
        ("Dear diary\n", (), "none of the known log formats fits"),
        ("Dear diary\n", ("--format", "xml"), "there is no log format 'xml'; known are jsonl, csv, steve"),
        ('[2,"1","Heartbeat",{}]\n', (), "log.txt: bare OCPP-J frames name no station: add --station ID"),
        ('[2,"1","Heartbeat",{}]\n', ("--station", "A"), "nothing tells when this log begins: add --begin"),
        ('[2,"1","Heartbeat",{}]\n', ("--timezone", "Mars"), "--timezone Mars: there is no such time zone"),
        ('[2,"1","Heartbeat",{}]\n', ("--begin", "soon"), "--begin soon: is no time"),
        ("a,b\n", ("--format", "csv"), "log.txt: a CSV log needs a header line"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_one_line_with_what_to_add(
    tmp_path: Path, content: str, arguments: tuple[str, ...], complaint: str
) -> None:
    (tmp_path / "log.txt").write_text(content)
    assert complaint in complaint_of(laadwacht("import", "log.txt", *arguments, cwd=tmp_path))


def test_an_import_without_a_record_says_so_and_one_with_some_names_the_empty_log(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "day.jsonl").write_bytes(long_log(3))
    nothing = laadwacht("import", "empty.jsonl", cwd=tmp_path)
    assert nothing.returncode == 2
    assert nothing.stderr == "laadwacht: empty.jsonl: nothing in it, no record was read\n"
    assert nothing.stdout.startswith("0 records read, 0 stored")
    some = laadwacht("import", "empty.jsonl", "day.jsonl", cwd=tmp_path)
    assert (some.returncode, some.stderr) == (0, nothing.stderr)
    assert some.stdout.startswith("3 records read, 3 stored")


def test_bare_frames_go_in_with_a_station_and_a_beginning(tmp_path: Path) -> None:
    text = '[2,"1","Heartbeat",{}]\n[3,"1",{"currentTime":"2026-11-01T10:00:05Z"}]\n'
    arguments = ("--station", "BE-1", "--begin", "2026-11-01T11:00", "--timezone", "Europe/Brussels")
    done = laadwacht("import", "-", *arguments, cwd=tmp_path, text=text)
    assert "standard input was read as ocppj" in done.stdout, done.stderr
    assert [(row[0], row[2]) for row in frames_in(tmp_path / "laadwacht-data")] == [
        (START, "in"),
        (START + timedelta(seconds=5), "out"),
    ]


def test_a_running_owner_takes_every_format_and_the_bad_line_is_named(place: Path) -> None:
    (place / "steve.log.zst").write_bytes(zstd.compress(STEVE.encode()))
    (place / "day.jsonl").write_bytes(long_log(3))
    with running("serve", place):
        done = laadwacht("import", "steve.log.zst", "day.jsonl", cwd=place)
        assert done.stdout.startswith("5 records read, 5 stored, 0 there already, 1 bad line(s) skipped\n"), (
            done
        )
        assert "steve.log.zst: line 3: " in done.stderr
    again = laadwacht("import", "steve.log.zst", "day.jsonl", cwd=place)
    assert again.stdout.startswith("5 records read, 0 stored, 5 there already")


class Importing:
    """An import that reads a pipe, which its test feeds."""

    def __init__(self, cwd: Path) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("LAADWACHT_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "collectors", "import", "-"],
            cwd=cwd,
            env={**env, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def feed(self, content: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def interrupted(self) -> tuple[int, str, str]:
        self.process.send_signal(signal.SIGINT)
        # The pipe stays open: the command must end by itself.
        code = self.process.wait(60)
        out, err = (stream.read().decode() for stream in (self.process.stdout, self.process.stderr) if stream)
        return code, out, err

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def interrupted_half_way(cwd: Path, content: bytes) -> tuple[str, str]:
    importing = Importing(cwd)
    try:
        importing.feed(content)
        # All of it went into the pipe, and a pipe holds 64 KiB: nearly all of it is read.
        time.sleep(1)
        code, out, err = importing.interrupted()
    finally:
        importing.close()
    assert code == 130, err
    assert "Traceback" not in err
    assert re.search(r"interrupted in standard input at the log's 2026-11-01T\d\d:.*goes on from there", err)
    return out, err


def test_ctrl_c_leaves_a_sound_store_and_the_next_run_goes_on(tmp_path: Path) -> None:
    content = long_log(30_000)
    half = content.index(b"\n", len(content) // 2) + 1
    out, _ = interrupted_half_way(tmp_path, content[:half])
    stored = int(re.findall(r"(\d+) stored", out)[0])
    assert 0 < stored < 30_000
    assert len(frames_in(tmp_path / "laadwacht-data")) == stored
    (tmp_path / "whole.jsonl").write_bytes(content)
    done = laadwacht("import", "whole.jsonl", cwd=tmp_path)
    assert done.stdout.startswith(
        f"30000 records read, {30_000 - stored} stored, {stored} there already\n"
    ), done.stderr
    fresh = laadwacht("import", "whole.jsonl", "--data-dir", "fresh", cwd=tmp_path)
    assert fresh.returncode == 0
    assert frames_in(tmp_path / "laadwacht-data") == frames_in(tmp_path / "fresh")


def test_ctrl_c_while_an_owner_runs_leaves_both_sound(place: Path) -> None:
    content = long_log(12_000)
    with running("serve", place) as owner:
        out, _ = interrupted_half_way(place, content[: content.index(b"\n", len(content) // 2) + 1])
        stored = int(re.findall(r"(\d+) stored", out)[0])
        assert stored > 0
        (place / "whole.jsonl").write_bytes(content)
        done = laadwacht("import", "whole.jsonl", cwd=place)
        assert done.stdout.startswith(f"12000 records read, {12_000 - stored} stored, {stored} there"), done
        assert owner.poll() is None
