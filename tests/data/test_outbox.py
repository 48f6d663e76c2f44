"""The outbox's rows in a real database: order, superseding, leases and health of destinations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import outbox
from data.stand_ins import Forward
from data.store import Store
from rules.core.model import NoticeItem, NoticeReason, NoticeRow

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LEASE_S = 60.0


@pytest.fixture(name="store")
def opened(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "a.duckdb") as store:
        yield store


def row(
    incident: str,
    seq: int,
    reason: NoticeReason = NoticeReason.FIRST,
    destination: str = "wacht",
    due_s: float = 0,
) -> NoticeRow:
    return NoticeRow(
        dedup_key=f"{incident}-{destination}-{seq}",
        incident_id=incident,
        destination=destination,
        party="operator",
        seq=seq,
        reason=reason,
        created_at=NOW + timedelta(seconds=seq),
        not_before=NOW + timedelta(seconds=due_s),
    )


def add(store: Store, *rows: NoticeRow) -> None:
    store.apply(list(rows), rendered={one.dedup_key: ("nl", f"s {one.seq}", "b") for one in rows})


def claim(store: Store, seconds: float = 0, destination: str = "wacht") -> outbox.Claimed | None:
    return outbox.claim(store, destination, NOW + timedelta(seconds=seconds), LEASE_S)


def key(claimed: outbox.Claimed | None) -> str | None:
    return claimed.dedup_key if claimed else None


def mark(store: Store, dedup_key: str, state: str, kind: str, *, again_s: float | None = None) -> bool:
    later = None if again_s is None else NOW + timedelta(seconds=again_s)
    return outbox.mark(
        store, dedup_key, state=state, kind=kind, code=None, detail="d", now=NOW, not_before=later
    )


def states(store: Store) -> dict[str, str]:
    return dict(store.sql("SELECT dedup_key, state FROM notice ORDER BY dedup_key").rows())


RESOLVED = NoticeReason.RESOLVED


def test_a_notice_is_handed_out_once_while_its_lease_lasts(store: Store) -> None:
    add(store, row("a", 1))
    claimed = claim(store)
    assert claimed is not None
    assert (claimed.dedup_key, claimed.attempts, claimed.last_class) == ("a-wacht-1", 1, None)
    assert (claimed.language, claimed.subject, claimed.created_at) == (
        "nl",
        "s 1",
        NOW + timedelta(seconds=1),
    )
    assert claim(store, 59) is None


def test_a_notice_is_not_handed_out_before_it_is_due(store: Store) -> None:
    add(store, row("a", 1, due_s=30))
    assert claim(store, 29) is None
    assert key(claim(store, 30)) == "a-wacht-1"


def test_each_destination_gets_its_own(store: Store) -> None:
    add(store, row("a", 1), row("a", 1, destination="werf"))
    assert key(claim(store, destination="werf")) == "a-werf-1"
    assert key(claim(store)) == "a-wacht-1"


def test_a_later_notice_waits_for_the_earlier_of_its_incident_only(store: Store) -> None:
    add(store, row("a", 1), row("a", 2, NoticeReason.WORSE), row("b", 1))
    assert key(claim(store)) == "a-wacht-1"
    assert key(claim(store)) == "b-wacht-1"
    assert claim(store) is None
    mark(store, "a-wacht-1", "queued", "transient", again_s=30)
    assert claim(store, 29) is None, "the first is in its backoff and still comes first"
    assert key(claim(store, 31)) == "a-wacht-1"
    mark(store, "a-wacht-1", "sent", "sent")
    assert key(claim(store, 31)) == "a-wacht-2"


@pytest.mark.parametrize("before", ["queued", "transient", "dead"])
def test_a_resolve_whose_opening_never_left_takes_it_along(store: Store, before: str) -> None:
    add(store, row("a", 1))
    if before != "queued":
        claim(store)
        mark(store, "a-wacht-1", "dead" if before == "dead" else "queued", "transient", again_s=30)
    add(store, row("a", 2, RESOLVED), row("b", 1))
    assert key(claim(store)) == "b-wacht-1"
    assert claim(store, 3600) is None
    opening = "dead" if before == "dead" else "superseded"
    assert states(store) == {"a-wacht-1": opening, "a-wacht-2": "superseded", "b-wacht-1": "leased"}


def give_up(store: Store) -> None:
    """The next notice cannot be delivered, and goes to another."""
    claimed = claim(store)
    assert claimed is not None
    instead = Forward(
        to="desk", party="operator", language="en", subject=f"instead: {claimed.subject}", body=""
    )
    dead = {"state": "dead", "kind": "permanent", "code": 401, "detail": "d", "now": NOW}
    assert outbox.mark(store, claimed.dedup_key, forward=instead, **dead)  # type: ignore[arg-type]


def over(language: str, subject: str) -> tuple[str, str]:
    return f"over ({language}): {subject}", "it is over"


def take(store: Store, destination: str) -> list[str]:
    """The subjects of all that goes out to it now."""
    subjects = []
    while True:
        claimed = outbox.claim(store, destination, NOW + timedelta(seconds=60), LEASE_S, ended=over)
        if claimed is None:
            return subjects
        subjects.append(claimed.subject or "")
        mark(store, claimed.dedup_key, "sent", "sent")


@pytest.mark.parametrize("another", [False, True], ids=["alone", "with the end of another that was heard"])
def test_who_stood_in_for_an_opening_hears_of_its_end_in_a_message_of_several(
    store: Store, *, another: bool
) -> None:
    add(store, row("a", 1))
    give_up(store)
    assert take(store, "desk") == ["instead: s 1"]
    if another:
        add(store, row("c", 1))
        assert take(store, "wacht") == ["s 1"]
    mixed = row("c", 2, RESOLVED) if another else row("b", 1)
    mixed.items = [
        NoticeItem(incident_id=mixed.incident_id, seq=mixed.seq, reason=mixed.reason),
        NoticeItem(incident_id="a", seq=2, reason=RESOLVED),
    ]
    add(store, mixed)
    assert take(store, "wacht") == [f"s {mixed.seq}"]
    assert take(store, "desk") == ["over (en): instead: s 1"]
    assert take(store, "wacht") == take(store, "desk") == []


def test_who_stood_in_hears_of_the_end_though_later_news_did_arrive_where_it_should(store: Store) -> None:
    add(store, row("a", 1))
    give_up(store)
    assert take(store, "desk") == ["instead: s 1"]
    add(store, row("a", 2, NoticeReason.WORSE))
    assert take(store, "wacht") == ["s 2"]
    add(store, row("a", 3, RESOLVED))
    assert take(store, "wacht") == ["s 3"]
    assert take(store, "desk") == ["over (en): instead: s 1"]


def test_who_stood_in_and_hears_of_it_by_itself_is_told_of_the_end_once(store: Store) -> None:
    add(store, row("a", 1), row("a", 1, destination="desk"))
    give_up(store)
    assert sorted(take(store, "desk")) == ["instead: s 1", "s 1"]
    add(store, row("a", 2, NoticeReason.WORSE))
    assert take(store, "wacht") == ["s 2"]
    add(store, row("a", 3, RESOLVED), row("a", 2, RESOLVED, destination="desk"))
    assert take(store, "wacht") == ["s 3"]
    assert take(store, "desk") == ["s 2"]


def test_a_message_of_several_that_is_given_up_too_still_tells_the_end(store: Store) -> None:
    add(store, row("a", 1))
    give_up(store)
    mixed = row("b", 1)
    mixed.items = [
        NoticeItem(incident_id="b", seq=1, reason=mixed.reason),
        NoticeItem(incident_id="a", seq=2, reason=RESOLVED),
    ]
    add(store, mixed)
    outbox.claim(store, "wacht", NOW, LEASE_S, ended=over)
    dead = {"state": "dead", "kind": "permanent", "code": 401, "detail": "d", "now": NOW}
    instead = Forward(to="desk", party="operator", language="en", subject="instead: b", body="")
    assert outbox.mark(store, mixed.dedup_key, forward=instead, **dead)  # type: ignore[arg-type]
    assert sorted(take(store, "desk")) == ["instead: b", "instead: s 1", "over (en): instead: s 1"]


def test_a_resolve_whose_opening_may_have_arrived_follows_it(store: Store) -> None:
    add(store, row("a", 1))
    claim(store)
    mark(store, "a-wacht-1", "queued", "unknown", again_s=30)
    add(store, row("a", 2, RESOLVED))
    assert claim(store) is None
    again = claim(store, 30)
    assert again is not None
    assert (again.dedup_key, again.attempts, again.last_class) == ("a-wacht-1", 2, "unknown")
    mark(store, "a-wacht-1", "sent", "sent")
    assert key(claim(store, 30)) == "a-wacht-2"


def test_a_resolve_waits_while_its_opening_is_on_its_way(store: Store) -> None:
    add(store, row("a", 1))
    claim(store)
    add(store, row("a", 2, RESOLVED))
    assert claim(store) is None
    mark(store, "a-wacht-1", "sent", "sent")
    assert key(claim(store)) == "a-wacht-2"


def test_a_suppressed_opening_swallows_its_resolve_too(store: Store) -> None:
    silenced = row("a", 1)
    silenced.suppressed = "silence"
    add(store, silenced, row("a", 2, RESOLVED))
    assert claim(store) is None
    assert states(store) == {"a-wacht-1": "suppressed", "a-wacht-2": "superseded"}


def test_an_expired_lease_comes_back_in_doubt(store: Store) -> None:
    add(store, row("a", 1))
    claim(store)
    assert outbox.release_expired(store, NOW + timedelta(seconds=59)) == []
    assert outbox.release_expired(store, NOW + timedelta(seconds=60)) == ["a-wacht-1"]
    again = claim(store, 60)
    assert again is not None
    assert (again.attempts, again.last_class) == (2, "unknown")


def test_a_new_owner_takes_back_every_lease_at_once(store: Store) -> None:
    add(store, row("a", 1), row("b", 1))
    claim(store)
    assert outbox.release_expired(store, NOW, everything=True) == ["a-wacht-1"]


def test_an_outcome_that_comes_after_the_lease_was_taken_back_changes_nothing(store: Store) -> None:
    add(store, row("a", 1))
    claim(store)
    outbox.release_expired(store, NOW, everything=True)
    assert mark(store, "a-wacht-1", "sent", "sent") is False
    assert states(store) == {"a-wacht-1": "queued"}


def test_the_health_of_a_destination_counts_failures_in_a_row(store: Store) -> None:
    add(store, row("a", 1), row("b", 1), row("c", 1))
    for kind in ("transient", "unknown", "sent"):
        claimed = claim(store)
        assert claimed is not None
        mark(store, claimed.dedup_key, "sent" if kind == "sent" else "dead", kind)
        (health,) = store.sql(
            "SELECT consecutive_failures, last_class, last_ok_at, last_error_at FROM destination_health"
        ).rows()
        assert health[:2] == ({"transient": 1, "unknown": 2, "sent": 0}[kind], kind)
    assert health[2] == health[3] == NOW


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from(["open", "worse", "resolve", "send", "send", "release"]),
            st.sampled_from(["a", "b"]),
            st.sampled_from(["sent", "transient", "unknown", "permanent"]),
        ),
        max_size=25,
    )
)
def test_whatever_happens_no_resolve_goes_out_without_its_opening(
    store: Store, moves: list[tuple[str, str, str]]
) -> None:
    store.transact(lambda cursor: cursor.execute("DELETE FROM notice_item; DELETE FROM notice"))
    seq = {"a": 0, "b": 0}
    over: set[str] = set()
    clock = 0.0
    heard: list[tuple[str, int, str]] = []
    for move, incident, outcome in moves:
        clock += 1
        if move in ("open", "worse", "resolve") and incident not in over:
            seq[incident] += 1
            if seq[incident] == 1:
                reason = NoticeReason.FIRST
            elif move == "resolve":
                reason = RESOLVED
                over.add(incident)
            else:
                reason = NoticeReason.WORSE
            add(store, row(incident, seq[incident], reason))
        elif move == "send":
            claimed = claim(store, clock)
            if claimed is not None:
                if outcome in ("sent", "unknown"):
                    heard.append((claimed.incident_id, claimed.seq, claimed.reason))
                state = {"sent": "sent", "permanent": "dead"}.get(outcome, "queued")
                kind = "unknown" if outcome == "transient" and claimed.last_class == "unknown" else outcome
                mark(store, claimed.dedup_key, state, kind)
        elif move == "release":
            outbox.release_expired(store, NOW, everything=True)
    for incident in ("a", "b"):
        received = [(n, reason) for one, n, reason in heard if one == incident]
        assert [n for n, _ in received] == sorted(n for n, _ in received)
        if received and received[0][1] == "resolved":
            pytest.fail(f"{incident}: a resolve without an opening")


def test_every_attempt_and_its_answer_is_kept_as_proof(store: Store) -> None:
    add(store, row("a", 1))
    claim(store)
    mark(store, "a-wacht-1", "queued", "transient", again_s=30)
    claim(store, 30)
    outbox.release_expired(store, NOW + timedelta(seconds=40), everything=True)
    claim(store, 60)
    outbox.mark(
        store, "a-wacht-1", state="sent", kind="sent", code=250, detail="accepted", now=NOW, channel="mail"
    )
    proof = store.sql("SELECT attempt, class, code FROM notice_attempt ORDER BY attempt").rows()
    assert proof == [(1, "transient", None), (2, "unknown", None), (3, "sent", 250)]
    assert store.sql("SELECT channel, attempts FROM notice").rows() == [("mail", 3)]


@pytest.mark.parametrize(
    ("plan_left", "goes_out"),
    [(False, None), (True, "m1-wacht-1")],
    ids=["nobody heard of it: neither goes out", "it was heard of: so is its end"],
)
def test_planned_work_that_is_called_off(store: Store, plan_left: bool, goes_out: str | None) -> None:
    add(store, row("m1", 0, NoticeReason.PLANNED))
    if plan_left:
        mark(store, key(claim(store)) or "", "sent", "sent")
    add(store, row("m1", 1, NoticeReason.CALLED_OFF))
    assert key(claim(store, 5)) == goes_out
