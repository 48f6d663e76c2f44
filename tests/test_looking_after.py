"""What the one who looks after it is told: names that do not meet, a directory without database."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.owner.checking import register_warnings
from collectors.settings.options import DestinationSettings, Secret, Settings
from data.people import add_user, disable_user
from data.store import Store
from tests.test_cli import complaint_of, laadwacht


def reaching(*parties: str) -> Settings:
    url = Secret("json://127.0.0.1:9/")
    return Settings(
        destinations=tuple(
            DestinationSettings(name=f"d{number}", party=party, url=url)
            for number, party in enumerate(parties)
        )
    )


@pytest.mark.parametrize(
    ("parties", "told"),
    [
        (["operator", "installer:Elektro Claes"], []),
        (["operator", "installer:ELEKTRO CLAES"], []),
        (
            ["operator", "installer:Elektro Claas"],
            [
                "destinations.d1.party: no station in the register has installer 'Elektro Claas'; did",
                "the helpdesk gets",
            ],
        ),
        (["operator"], ["the helpdesk gets what is for Elektro Claes"]),
        (["operator", "installer:Elektro Claes", "customer:Nobody"], ["destinations.d2.party: no station"]),
        ([], []),
    ],
    ids=["same", "other case", "misspelt", "missing", "strange customer", "no destinations"],
)
def test_names_of_register_and_destinations_that_do_not_meet_are_told(
    parties: list[str], told: list[str]
) -> None:
    found = register_warnings(reaching(*parties), ["Elektro Claes", "Elektro Claes"], ["Bakkerij Peeters"])
    assert len(found) == len(told)
    assert all(part in line for part, line in zip(told, found, strict=True))


def test_an_empty_register_has_nothing_to_compare() -> None:
    assert register_warnings(reaching("operator", "installer:Volt"), [], []) == []


def test_listing_stations_of_a_mistyped_directory_makes_none(tmp_path: Path) -> None:
    assert "does not exist" in complaint_of(laadwacht("stations", "list", "--data-dir", "typo", cwd=tmp_path))
    assert not (tmp_path / "typo").exists()


def test_the_list_of_users_tells_who_may_sign_in_no_more_and_nothing_secret(tmp_path: Path) -> None:
    (tmp_path / "laadwacht-data").mkdir()
    with Store.open(tmp_path / "laadwacht-data" / "laadwacht.duckdb") as store:
        for name in ("an", "bo"):
            add_user(
                store, email=f"{name}@example.org", password="paard-batterij", name=name, role="helpdesk"
            )
        disable_user(store, "bo@example.org")
    told = laadwacht("user", "list", cwd=tmp_path).stdout
    assert [line.split()[0] for line in told.splitlines() if "disabled" in line] == ["bo@example.org"]
    assert "an@example.org" in told
    assert "argon" not in told
