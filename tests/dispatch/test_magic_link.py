"""The link that a message to an installer gets as it leaves: the same again, in no store, for nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data import magic_links
from data.outbox import Claimed
from data.store import Store
from rules.dispatch.magic_link import MagicLinks, finisher

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://wacht.example"


def links(store: Store, key: bytes = b"k" * 32) -> MagicLinks:
    return MagicLinks(store, key, lambda: NOON, dashboard_url=URL, lasts=timedelta(hours=24))


def notice(seq: int = 0, language: str = "fr") -> Claimed:
    return Claimed(
        dedup_key=f"i1:volt:{seq}",
        incident_id="i1",
        destination="volt",
        seq=seq,
        reason="first",
        language=language,
        subject="S",
        body="B",
        attempts=1,
        last_class=None,
        created_at=NOON,
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "a.duckdb")


def test_the_link_of_who_signs_in_becomes_one_that_needs_no_password(store: Store) -> None:
    with store:
        body = finisher(links(store), "installer:Volt")(notice(), f"Wat: X\nZie: {URL}/fault?id=i1\nKenmerk")
        token = body.split("/m/")[1].split("\n")[0]
        assert body == f"Wat: X\nZie: {URL}/m/{token}\nKenmerk"
        assert len(token) == 27
        found = magic_links.find(store, token)
        assert found is not None
        assert (found.party, found.incidents, found.language) == ("Volt", ("i1",), "fr")
        assert found.expires_at == NOON + timedelta(hours=24)


def test_the_same_notice_sent_again_has_the_same_link_and_another_notice_another(store: Store) -> None:
    with store:
        text = f"{URL}/fault?id=i1"
        fill = finisher(links(store), "installer:Volt")
        again = finisher(links(store), "installer:Volt")
        other_key = finisher(links(store, b"o" * 32), "installer:Volt")
        assert fill(notice(), text) == again(notice(), text)
        assert len({fill(notice(0), text), fill(notice(1), text), other_key(notice(), text)}) == 3


def test_a_message_of_several_incidents_has_one_link_that_opens_each(store: Store) -> None:
    with store:
        text = f"1. {URL}/fault?id=i2\n2. {URL}/fault?id=i1"
        body = finisher(links(store), "installer:Volt")(notice(), text)
        first, second = (line.split("/m/")[1].split("?id=") for line in body.split("\n"))
        assert first[0] == second[0]
        assert [first[1], second[1]] == ["i2", "i1"]
        found = magic_links.find(store, first[0])
        assert found is not None
        assert found.incidents == ("i1", "i2")


@pytest.mark.parametrize("party", ["operator", "customer:Shop", "installer:", "installer"])
def test_nobody_else_gets_such_a_link(store: Store, party: str) -> None:
    with store:
        text = f"{URL}/fault?id=i1"
        assert finisher(links(store), party)(notice(), text) == text
        assert finisher(None, "installer:Volt")(notice(), text) == text
        assert store.sql("SELECT * FROM magic_link").is_empty()


def test_a_text_without_our_link_stays_as_it_is(store: Store) -> None:
    with store:
        for text in ("", "niets", "https://elders.example/fault?id=i1", f"{URL}/station?station=A"):
            assert finisher(links(store), "installer:Volt")(notice(), text) == text
        assert store.sql("SELECT * FROM magic_link").is_empty()
