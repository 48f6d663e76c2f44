"""Links out of messages: good once, for a while, for one installer and one incident; never kept in clear."""

from __future__ import annotations

from datetime import timedelta

import pytest

from data import magic_links
from data.magic_links import Fresh, LinkState
from data.store import Store
from rules.core.model import IncidentEventRow
from tests.data.rows import NOON, after, incident

HOUR = 3600
LASTS = timedelta(hours=2)
KEY = "i1:volt:0"


def send(
    store: Store, token: str, incident: str = "i1", party: str = "Volt", ends_s: int = 24 * HOUR
) -> None:
    magic_links.issue(
        store,
        token,
        dedup_key=f"{incident}:volt:0",
        incidents=[incident],
        destination="volt",
        party=party,
        language="fr",
        expires_at=after(ends_s),
    )


def state(store: Store, token: str, seconds: float = 0) -> LinkState:
    link = magic_links.find(store, token)
    return LinkState.UNKNOWN if link is None else link.state(after(seconds))


def use(store: Store, token: str, seconds: float = 0, before: str | None = None) -> str | None:
    opened = magic_links.redeem(store, token, now=after(seconds), lasts=LASTS, before=before)
    return opened[0] if opened else None


def test_a_link_opens_one_session_for_its_installer_and_incident(store: Store) -> None:
    send(store, "a")
    session = use(store, "a")
    assert session is not None
    held = magic_links.session(store, session, after(HOUR))
    assert held is not None
    assert (held.party, held.language, held.incidents) == ("Volt", "fr", ("i1",))
    assert state(store, "a") is LinkState.USED
    assert use(store, "a", 1) is None


@pytest.mark.parametrize(
    ("token", "seconds", "expected"),
    [
        ("a", 24 * HOUR - 1, LinkState.GOOD),
        ("a", 24 * HOUR, LinkState.EXPIRED),
        ("A", 0, LinkState.UNKNOWN),
        ("", 0, LinkState.UNKNOWN),
        ("' OR 1=1 --", 0, LinkState.UNKNOWN),
    ],
)
def test_a_link_is_good_until_its_end(store: Store, token: str, seconds: float, expected: LinkState) -> None:
    send(store, "a")
    assert state(store, token, seconds) is expected
    assert (use(store, token, seconds) is not None) == (expected is LinkState.GOOD)


def test_looking_does_not_use_a_link_up(store: Store) -> None:
    send(store, "a")
    assert [state(store, "a", second) for second in range(5)] == [LinkState.GOOD] * 5


def test_a_session_ends(store: Store) -> None:
    send(store, "a")
    session = use(store, "a")
    assert session is not None
    assert magic_links.session(store, session, NOON + LASTS) is None
    assert magic_links.session(store, session + "x", NOON) is None
    magic_links.close(store, session)
    assert magic_links.session(store, session, NOON) is None


def test_a_second_link_on_the_same_phone_adds_its_incident_and_ends_the_first_session(store: Store) -> None:
    send(store, "a")
    send(store, "b", incident="i2")
    first = use(store, "a")
    second = use(store, "b", 60, before=first)
    assert first is not None
    assert second is not None
    held = magic_links.session(store, second, after(61))
    assert held is not None
    assert held.incidents == ("i1", "i2")
    assert magic_links.session(store, first, after(61)) is None


def test_nothing_moves_from_another_installers_session_or_one_that_is_over(store: Store) -> None:
    send(store, "a", party="Ampère")
    send(store, "b", incident="i2")
    send(store, "c", incident="i3")
    second = use(store, "b", before=use(store, "a"))
    assert second is not None
    held = magic_links.session(store, second, NOON)
    assert held is not None
    assert held.incidents == ("i2",)
    late = use(store, "c", 3 * HOUR, before=second)
    assert late is not None
    held = magic_links.session(store, late, after(3 * HOUR))
    assert held is not None
    assert held.incidents == ("i3",)


def test_a_notice_sent_again_moves_the_end_and_a_used_link_stays_used(store: Store) -> None:
    send(store, "a")
    send(store, "a", ends_s=48 * HOUR)
    assert state(store, "a", 47 * HOUR) is LinkState.GOOD
    use(store, "a")
    send(store, "a", ends_s=72 * HOUR)
    assert state(store, "a") is LinkState.USED


@pytest.mark.parametrize("what", [{"incident": "i1"}, {"party": "volt"}, {"incident": "i1", "party": "Volt"}])
def test_a_link_that_is_taken_back_lets_nobody_in_whatever_is_tried(
    store: Store, what: dict[str, str]
) -> None:
    send(store, "used")
    session = use(store, "used")
    send(store, "unused")
    assert session is not None
    assert magic_links.revoke(store, now=after(60), **what) == 2
    assert (state(store, "used", 60), state(store, "unused", 60)) == (LinkState.REVOKED, LinkState.REVOKED)
    assert magic_links.session(store, session, after(60)) is None
    assert use(store, "unused", 60) is None
    send(store, "unused", ends_s=48 * HOUR)  # the message went out once more
    assert state(store, "unused", 60) is LinkState.REVOKED
    assert magic_links.revoke(store, now=after(60), **what) == 0


def test_links_of_other_installers_and_incidents_stay(store: Store) -> None:
    send(store, "other", incident="i2", party="Ampère")
    send(store, "same", incident="i2", party="Volt")
    assert magic_links.revoke(store, now=after(60), incident="i1") == 0
    assert magic_links.revoke(store, now=after(60), incident="i2", party="Volt") == 1
    assert (state(store, "other", 60), state(store, "same", 60)) == (LinkState.GOOD, LinkState.REVOKED)
    with pytest.raises(ValueError, match="name an incident or a party"):
        magic_links.revoke(store, now=after(60))


def test_what_went_to_another_is_lost_and_what_came_back_is_not(store: Store) -> None:
    def routed(n: int, to: str, before: str) -> IncidentEventRow:
        detail = {"party": to, "from": before}
        return IncidentEventRow(incident_id="inc-1", n=n, at=after(n), event="routed", detail=detail)

    store.apply([incident(route_party="installer:Volt")])
    assert magic_links.lost(store, "Volt", ["inc-1", "nothing"]) == set()
    store.apply([incident(route_party="operator"), routed(1, "operator", "installer:Volt")])
    assert magic_links.lost(store, "volt", ["inc-1"]) == {"inc-1"}
    assert magic_links.lost(store, "Ampère", ["inc-1"]) == set(), "it was informed, and still is"
    store.apply([incident(route_party="installer:Volt"), routed(2, "installer:Volt", "operator")])
    assert magic_links.lost(store, "Volt", ["inc-1"]) == set()


def test_neither_links_nor_sessions_are_kept_in_clear(store: Store) -> None:
    send(store, "recognisable-link")
    session = use(store, "recognisable-link")
    kept = str(store.sql("SELECT * FROM magic_link").rows() + store.sql("SELECT * FROM magic_session").rows())
    assert "recognisable" not in kept
    assert str(session) not in kept


def test_a_fresh_link_goes_where_the_old_one_went_and_not_too_often(store: Store) -> None:
    send(store, "a")
    link = magic_links.find(store, "a")
    assert link is not None
    store.transact(
        lambda cursor: cursor.execute(
            "INSERT INTO notice BY NAME SELECT ? AS dedup_key, 'i1' AS incident_id, 'volt' AS destination,"
            " 'installer:Volt' AS party, 0 AS seq, 'first' AS reason, 'fr' AS language, 'Panne' AS subject,"
            " 'Texte' AS body, 'sent' AS state, 1 AS attempts, ? AS not_before, not_before AS created_at",
            [KEY, NOON.replace(tzinfo=None)],
        )
    )

    def ask(seconds: float) -> Fresh:
        return magic_links.ask_fresh(store, link, head=("[Nouveau lien]", "Demandé."), now=after(seconds))

    assert [ask(0), ask(10), ask(299), ask(300)] == [Fresh.SENT, Fresh.WAIT, Fresh.WAIT, Fresh.SENT]
    assert [ask(n * 1000) for n in range(1, 5)] == [Fresh.SENT, Fresh.SENT, Fresh.SENT, Fresh.OVER]
    waiting = store.sql("SELECT * FROM notice WHERE reason = 'link' ORDER BY created_at").row(0, named=True)
    assert (waiting["dedup_key"], waiting["destination"], waiting["state"]) == (f"{KEY}+1", "volt", "queued")
    assert (waiting["subject"], waiting["body"]) == ("[Nouveau lien] Panne", "Demandé.\n\nTexte")


def test_what_is_long_over_is_forgotten(store: Store) -> None:
    send(store, "old", ends_s=0)
    send(store, "new", ends_s=31 * 24 * HOUR)
    assert state(store, "old") is LinkState.UNKNOWN
