"""What was told to be stored is stored: after kill -9, and never told when the disk was full."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data.at_rest import RestingStore
from data.journal import journal_files
from data.store import Store, StoreCorrupt

# Prints each record's number once the store said it is stored, and goes on until it is killed.
WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from data.store import Batch, FrameRow, Store
from rules.core.model import Connected
store = Store.open(Path(sys.argv[1]))
def say(record_id):
    def done(error):
        sys.stdout.write(f"{record_id} {'stored' if error is None else type(error).__name__}\\n")
        sys.stdout.flush()
    return done
at = datetime.now(UTC)
while True:
    record_id = store.next_record_id()
    row = FrameRow(record_id=record_id, received_at=at, station="BE-1", direction="in", raw="x" * 200)
    told = Connected(station="BE-1", at=at, record_id=record_id)
    store.submit(Batch(frames=[row], observations=[told]), say(record_id))
    if record_id % 500 == 0:
        store.transact(lambda cursor: None)
"""

# Stores some, then no file may grow (what a full disk looks like to a program), then there is room again.
FULL_DISK = """
import os, resource, signal, sys, threading
from datetime import UTC, datetime
from pathlib import Path
from data.store import Batch, FrameRow, Store
store = Store.open(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
at = datetime.now(UTC)
def twenty():
    outcomes = []
    for _ in range(20):
        ids = [store.next_record_id() for _ in range(100)]
        rows = [FrameRow(record_id=i, received_at=at, station="s", direction="in", raw=f"{i}") for i in ids]
        told = threading.Event()
        def done(error):
            outcomes.append("stored" if error is None else type(error).__name__)
            told.set()
        store.submit(Batch(frames=rows), done)
        assert told.wait(30)
    return outcomes
def phase(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    outcomes = twenty()
    print(outcomes.count("stored"), outcomes.count("StoreUnwritable"), store.stats().last_error is not None)
phase(resource.RLIM_INFINITY)
phase(1)
phase(resource.RLIM_INFINITY)
sys.stdout.flush()
os._exit(0)
"""


def test_every_record_told_stored_survives_kill_9_at_full_load(tmp_path: Path) -> None:
    path = tmp_path / "laadwacht.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3_000)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    told = [line.split() for line in lines if line.endswith("\n")]
    assert {outcome for _, outcome in told} == {"stored"}
    before = {file: file.read_bytes() for file in (path, *journal_files(path))}
    assert len(before) > 1
    with RestingStore.open(path) as resting:
        everything = {"after": 0, "upto": 2**62, "station": None, "start": None, "stop": None}
        at_rest = resting.query("frames_page", **everything)["record_id"].to_list()
    assert {int(number) for number, _ in told} <= set(at_rest)
    assert len(at_rest) == len(set(at_rest))
    assert {file: file.read_bytes() for file in before} == before, "reading at rest changes nothing"
    with Store.open(path) as store:
        assert journal_files(path) == []
        frames = set(store.sql("SELECT record_id FROM frame")["record_id"])
        observations = set(store.sql("SELECT record_id FROM observation")["record_id"])
        assert {int(number) for number, _ in told} <= frames
        assert frames == observations
        assert store.next_record_id() == max(frames) + 1


def test_a_full_disk_is_told_to_the_caller_and_what_was_stored_stays(tmp_path: Path) -> None:
    path = tmp_path / "laadwacht.duckdb"
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    before, full, after = [line.split() for line in run.stdout.splitlines()]
    assert before == ["20", "0", "False"]
    assert full == ["0", "20", "True"]
    assert after[:2] == ["20", "0"], "the journal goes on as soon as there is room"
    with Store.open(path) as store:
        assert store.sql("SELECT count(*) FROM frame").item(0, 0) == 4_000


def test_a_process_that_forgets_to_close_ends_and_leaves_no_lock(tmp_path: Path, free_port: int) -> None:
    path = tmp_path / "laadwacht.duckdb"
    code = (
        "import sys; from pathlib import Path; from data.store import Store; "
        "p = Path(sys.argv[1]); "
        "store = Store.open(p, read_port=int(sys.argv[2]), token_file=p.with_name('read.token'))"
    )
    subprocess.run([sys.executable, "-c", code, str(path), str(free_port)], timeout=60, check=True)
    Store.open(path).close()


def _crashed(path: Path, count: int = 40) -> None:
    """A database whose owner died with rows in the journal and in the write-ahead log."""
    code = (
        "import os, sys; from pathlib import Path; from data.store import Store;"
        "from tests.data.rows import heard, submit_and_wait; store = Store.open(Path(sys.argv[1]));"
        f"[submit_and_wait(store, heard(number)) for number in range(1, {count + 1})];"
        "store.sql('SELECT 1'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], timeout=60, check=True)


def _stored(path: Path) -> list[int]:
    with Store.open(path) as store:
        return store.sql("SELECT record_id FROM frame ORDER BY 1")["record_id"].to_list()


def test_rows_that_are_in_the_tables_are_not_replayed_again(tmp_path: Path) -> None:
    path = tmp_path / "laadwacht.duckdb"
    _crashed(path)
    assert journal_files(path)
    assert _stored(path) == list(range(1, 41))
    assert journal_files(path) == []


def test_a_group_cut_short_at_the_end_was_promised_to_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "laadwacht.duckdb"
    _crashed(path)
    path.with_name("laadwacht.duckdb.wal").unlink()
    (journal,) = journal_files(path)
    journal.write_bytes(journal.read_bytes()[:-10])
    assert _stored(path) == list(range(1, 40))
    assert "in the middle of a group" in caplog.text
    assert list(tmp_path.glob("*.damaged")) == []


def test_a_damaged_journal_is_kept_told_and_read_as_far_as_it_goes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "laadwacht.duckdb"
    _crashed(path)
    path.with_name("laadwacht.duckdb.wal").unlink()
    (journal,) = journal_files(path)
    content = bytearray(journal.read_bytes())
    content[len(content) // 2] ^= 0xFF
    journal.write_bytes(content)
    stored = _stored(path)
    assert stored == list(range(1, len(stored) + 1))
    assert 10 < len(stored) < 30
    assert "is damaged at byte" in caplog.text
    (kept,) = tmp_path.glob("*.damaged")
    assert kept.read_bytes() == bytes(content)


def test_a_damaged_write_ahead_log_is_named_and_without_it_the_journal_has_the_frames(tmp_path: Path) -> None:
    path = tmp_path / "laadwacht.duckdb"
    _crashed(path)
    wal = path.with_name("laadwacht.duckdb.wal")
    content = bytearray(wal.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 50] = bytes(byte ^ 0xFF for byte in content[middle : middle + 50])
    wal.write_bytes(content)
    with pytest.raises(StoreCorrupt, match=rf"{wal} is damaged: move that file away"):
        Store.open(path)
    wal.rename(tmp_path / "away")
    assert _stored(path) == list(range(1, 41))
