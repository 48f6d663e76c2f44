"""`laadwacht links revoke` against a running owner process, and at rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.cli.application import main
from data import magic_links
from data.store import Store
from tests.data.rows import incident
from tests.test_serving import free_ports, place, running, settings_in

__all__ = ["free_ports", "place"]  # fixtures


def test_links_are_taken_back_at_the_command_line_and_the_trail_says_by_whom_and_why(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    database = settings_in(place).database
    database.parent.mkdir()
    now = datetime.now(UTC)
    with Store.open(database) as store:
        store.apply([incident("i1"), incident("i2")])
        for token, incident_id in (("one", "i1"), ("two", "i2")):
            magic_links.issue(
                store,
                token,
                dedup_key=f"{incident_id}:fixit:1",
                incidents=[incident_id],
                destination="fixit",
                party="Fixit",
                language="en",
                expires_at=now + timedelta(hours=1),
            )

    def revoke(*arguments: str) -> tuple[int, str]:
        code = main(["links", "revoke", *arguments])
        told = capsys.readouterr()
        return code, (told.out or told.err).strip()

    assert revoke("--why", "x") == (2, "laadwacht: links revoke: give --incident or --installer")
    code, said = revoke("--installer", "Fixit", "--why", "x")
    assert (code, "start it with laadwacht serve" in said) == (2, True)
    with running("serve", place):
        taken = "1 link(s) that still let somebody in were taken back"
        assert revoke("--incident", "i1", "--why", "lost a phone") == (0, taken)
        assert revoke("--installer", "fixit", "--why", "has left") == (0, taken)
        code, said = revoke("--installer", "Fixit", "--why", "x", "--as", "nobody@example.org")
        assert (code, said.startswith("laadwacht: links: ")) == (2, True)
    with Store.open(database) as store:
        asked = store.sql("SELECT actor, outcome, body FROM command ORDER BY asked_at").rows()
    assert [outcome for _, outcome, _ in asked] == ["accepted", "accepted", "refused"]
    assert asked[0][0].startswith("shell:")
    assert "lost a phone" in asked[0][2]
