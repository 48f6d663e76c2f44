"""`laadwacht silence` and `laadwacht export notices` against a running owner process, and at rest."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest

from collectors.cli.application import main
from data.register import write_register
from data.store import Store
from rules.core.model import Asset
from tests.data.rows import incident, notice
from tests.test_serving import free_ports, place, running, settings_in
from tests.waiting import until

__all__ = ["free_ports", "place"]  # fixtures


def test_a_silence_is_made_listed_and_ended_at_the_command_line(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = settings_in(place).database
    database.parent.mkdir()
    with Store.open(database) as store:
        write_register(store, [Asset(station="BE-1", site="Gent"), Asset(station="BE-2", site="Gent")])
    monkeypatch.chdir(place)

    def silence(*arguments: str) -> tuple[int, str]:
        code = main(["silence", *arguments])
        told = capsys.readouterr()
        return code, " ".join((told.out + told.err).split())

    with running("serve", place):
        code, said = silence("add", "--site", "gent", "--for", "2h", "--why", "roadworks", "--also-safety")
        window_id = said.split(":")[0]
        assert (code, said) == (0, f"{window_id}: 2 station(s) match now")
        nights = ("--maintenance", "--station", "BE-1", "--weekly", "mon,thu 22:00-06:00", "--why", "grid")
        assert silence("add", *nights)[0] == 0
        until(lambda: "maintenance" in silence("list")[1], "the second window")
        shown = silence("list")[1]
        assert f"{window_id} silence site=gent holds until" in shown
        assert shown.count("(safety too)") == 1
        assert "station=BE-1 from 20" in shown
        assert silence("end", window_id) == (0, f"{window_id} is over")
        until(lambda: window_id not in silence("list")[1], "the end of the first")
        assert f"{window_id} silence site=gent over since" in silence("list", "--all")[1]
        code, said = silence(
            "add", "--site", "Gnet", "--for", "1h", "--why", "x", "--fault", "station.ofline"
        )
        assert code == 0
        assert said.endswith(
            ": 0 station(s) match now; no station has the site 'Gnet', did you mean 'Gent'?"
            " laadwacht: note: no fault is called 'station.ofline', did you mean 'station.offline'?"
        )
        assert silence("end", "s0") == (
            2,
            "laadwacht: silence: there is no such silence or maintenance window",
        )


def test_a_user_of_a_party_that_nobody_has_heard_of_is_refused_with_the_name_that_was_meant(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = settings_in(place).database
    database.parent.mkdir()
    with Store.open(database) as store:
        write_register(store, [Asset(station="BE-1", site="Gent", installer="Volt")])
    monkeypatch.chdir(place)

    def add(party: str) -> tuple[int, str]:
        code = main(["user", "add", f"{party}@x.be", "--role", "installer", "--party", party])
        return code, capsys.readouterr().err

    assert add("Vlot") == (
        2,
        "laadwacht: --party: no station has the installer 'Vlot'; did you mean 'Volt'?\n",
    )
    with running("serve", place):
        code, said = add("Vlot")
        assert (code, "did you mean 'Volt'?" in said) == (2, True)
        assert add("Volt")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--why", "x", "--for", "2h"), "name at least one of --station"),
        (("--station", "a", "--for", "2h"), '--why "…" is needed'),
        (("--station", "a", "--why", "x"), "say until when"),
        (("--station", "a", "--why", "x", "--for", "soon"), "--for soon: write it as 90m, 2h or 3d"),
        (("--station", "a", "--why", "x", "--for", "2h", "--until", "2030-01-01"), "not both"),
        (("--station", "a", "--why", "x", "--weekly", "mondays"), 'write it as "mon,thu 22:00-06:00"'),
        (("--station", "a", "--why", "x", "--cron", "0 22 * * 1"), "--cron and --minutes go together"),
        (("--station", "a", "--why", "x", "--for", "2h"), "start it with laadwacht serve"),
    ],
)
def test_what_is_wrong_with_a_silence_is_told_with_its_remedy(
    arguments: tuple[str, ...],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["silence", "add", *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_the_proof_of_notice_is_exported_with_what_was_held_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Store.open(tmp_path / "laadwacht.duckdb") as store:
        told = notice(dedup_key="k1", destination="fitter")
        held = notice(dedup_key="k2", destination="fitter", suppressed="silence:s1")
        other = notice(dedup_key="k3", incident_id="inc-2")
        write_register(store, [Asset(station="BE-1"), Asset(station="BE-2")])
        store.apply([incident(), incident("inc-2", station="BE-2"), told, held, other])
        store.transact(
            lambda cursor: cursor.execute(
                "UPDATE notice SET state = 'sent', channel = 'mail', attempts = 2, last_class = 'sent',"
                " last_code = 250, sent_at = created_at WHERE dedup_key = 'k1';"
                "INSERT INTO notice_attempt VALUES"
                " ('k1', 1, '2026-11-22 12:00:00', 'transient', 451, 'SMTP 451'),"
                " ('k1', 2, '2026-11-22 12:01:00', 'sent', 250, 'accepted')"
            )
        )

    def export(kind: str, *more: str) -> bytes:
        arguments = ["export", "notices", "--format", kind, "-o", f"out.{kind}", "--data-dir", "."]
        assert main([*arguments, *more]) == 0
        return (tmp_path / f"out.{kind}").read_bytes()

    rows = list(csv.DictReader(io.StringIO(export("csv", "--incident", "inc-1").decode(), newline="")))
    assert [(r["destination"], r["channel"], r["state"], r["held_back_by"]) for r in rows] == [
        ("fitter", "mail", "sent", ""),
        ("fitter", "", "suppressed", "silence:s1"),
    ]
    assert rows[0]["answer_code"] == "250"
    assert rows[0]["attempt_log"] == "2026-11-22T12:00:00Z transient 451; 2026-11-22T12:01:00Z sent 250"
    lines = [json.loads(line) for line in export("jsonl", "--station", "BE-2").splitlines()]
    assert [line["incident_id"] for line in lines] == ["inc-2"]
    assert lines[0]["created_at"].endswith("Z")
    assert pl.read_parquet(io.BytesIO(export("parquet"))).height == 3
    assert export("jsonl", "--from", "2030-01-01") == b""
