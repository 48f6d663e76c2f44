"""Messages to customers leave by one way out, each to its own address; one bad address harms no other."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from msgspec.structs import replace

from data.store import Store
from rules.core.model import NoticeReason, NoticeRow, SubscriptionRow
from rules.core.subscription import subscription_id
from rules.dispatch.apprise_target import MAX_ABANDONED
from rules.dispatch.subscribers import CustomerLane, address, config_of, problems
from tests.dispatch.lanes import START, Clock, mark_duplicate, rows, running
from tests.dispatch.small_judge import notice
from tests.sinks import http_sink, smtp_sink, wait_until

SECRET = "s3kr3t-t0ken"
PEOPLE = ("jan@gent.be", "an@gent.be", "piet+x@gent.be")


def subscribe(store: Store, *emails: str, active: bool = True) -> None:
    store.apply(
        [
            SubscriptionRow(
                subscription_id=subscription_id(email),
                email=email,
                party="Stad Gent",
                stations=[],
                kinds=["down", "up"],
                language="nl",
                active=active,
                changed_at=START,
            )
            for email in emails
        ]
    )


def to(email: str, n: int = 1, reason: NoticeReason = NoticeReason.FIRST) -> NoticeRow:
    return notice("inc1", f"customers/{subscription_id(email)}", n, reason, START)


def add(store: Store, *notices: NoticeRow) -> None:
    store.apply(
        list(notices), rendered={one.dedup_key: ("nl", f"{one.reason} {one.seq}", "a\nb") for one in notices}
    )


def told_of_failing(store: Store) -> list[tuple[Any, ...]]:
    return store.sql("SELECT body FROM observation WHERE kind = 'destination_fared'").rows()


def test_each_customer_gets_the_message_at_the_own_address_in_order(store: Store) -> None:
    subscribe(store, *PEOPLE)
    with smtp_sink() as sink:
        url = f"mailto://127.0.0.1:{sink.port}?from=wacht@example.be&to={{email}}"
        add(store, *(to(email) for email in PEOPLE))
        with running(store, Clock(), customers=config_of(url)) as delivery:
            assert wait_until(lambda: rows(store, "state") == [("sent",)] * 3)
            add(store, *(to(email, 2, NoticeReason.RESOLVED) for email in PEOPLE))
            delivery.wake({f"customers/{subscription_id(email)}" for email in PEOPLE})
            assert sink.wait_for(6)
            assert wait_until(lambda: set(rows(store, "state")) == {("sent",)})
            assert delivery.look().ok
        got = [(mail.recipients[0], str(mail.message["Subject"])) for mail in sink.mails]
    for email in PEOPLE:
        assert [subject for address, subject in got if address == email] == ["first 1", "resolved 2"]
    health = store.sql("SELECT destination, consecutive_failures FROM destination_health").rows()
    assert health == [("customers", 0)]


def test_a_wrong_address_is_given_up_and_harms_nobody_else(store: Store) -> None:
    subscribe(store, *PEOPLE)
    with http_sink(404) as sink:
        url = f"json://127.0.0.1:{sink.port}/{{email}}?+X-Token={SECRET}"
        add(store, to(PEOPLE[0]))
        with running(store, Clock(), customers=config_of(url)) as delivery:
            assert wait_until(lambda: rows(store, "state") == [("dead",)])
            sink.mode = 200
            add(store, to(PEOPLE[1]))
            delivery.wake(["customers/x"])
            assert wait_until(lambda: sorted(rows(store, "state")) == [("dead",), ("sent",)])
        assert [one.path for one in sink.requests] == ["/jan@gent.be", "/an@gent.be"]
    assert told_of_failing(store) == []
    assert SECRET not in str(store.sql("FROM notice").rows()) + str(
        store.sql("FROM destination_health").rows()
    )


def test_who_ended_the_subscription_gets_nothing_that_still_waits(store: Store) -> None:
    subscribe(store, *PEOPLE)
    add(store, *(to(email) for email in PEOPLE))
    subscribe(store, PEOPLE[0], active=False)
    with http_sink() as sink:
        url = f"json://127.0.0.1:{sink.port}/{{email}}"
        with running(store, Clock(), customers=config_of(url)):
            assert sink.wait_for(2)
            assert wait_until(lambda: sorted(rows(store, "state")) == [("sent",), ("sent",), ("superseded",)])
        assert "/jan@gent.be" not in [one.path for one in sink.requests]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", None),
        ("mailtos://user:pass@mail.example?to={email}", None),
        (f"mailtos://user:{SECRET}@mail.example?to=a@b.be", "has no {email}"),
        (f"nosuch://{SECRET}/{{email}}", "'nosuch' is not known"),
        (f"mailto://u:{SECRET}@h.be?to={{email}}&cc=x@y.be", "'cc' is not allowed"),
    ],
)
def test_a_template_that_cannot_work_is_told_without_its_secret(url: str, says: str | None) -> None:
    found = problems(url)
    assert (found == []) if says is None else says in found[0]
    assert SECRET not in str(found)


@pytest.mark.parametrize("email", ["o'neil@gent.be", "a,b@gent.be", "a b@gent.be", "a@b@c.be", "<x>@gent.be"])
def test_an_address_that_could_become_another_gets_nothing(store: Store, email: str) -> None:
    subscribe(store, email)
    add(store, to(email))
    with smtp_sink() as sink:
        url = f"mailto://127.0.0.1:{sink.port}?from=wacht@example.be&to={{email}}"
        with running(store, Clock(), customers=config_of(url)):
            assert wait_until(lambda: rows(store, "state") == [("dead",)])
        assert sink.mails == []


def test_an_address_cannot_add_anything_to_the_template() -> None:
    made = address("mailto://h.be?to={email}", "a@b.be&bcc=dief@x.be,c@d.be?x=1#{email}")
    assert made.count("&") == 0
    assert "bcc=" not in made


def test_a_service_that_hangs_holds_no_more_sends_for_all_customers_than_for_one_destination(
    store: Store,
) -> None:
    subscribe(store, *PEOPLE, "els@gent.be", "els2@gent.be")
    add(store, *(to(email) for email in (*PEOPLE, "els@gent.be", "els2@gent.be")))
    with http_sink("trickle") as sink:
        config = replace(config_of(f"json://127.0.0.1:{sink.port}/{{email}}"), timeout_s=0.3)
        lane = CustomerLane(config, store, Clock(), mark_duplicate=mark_duplicate)
        kinds = []
        while lane.step():
            kinds.append(lane.stats().last_detail or "")
        hanging = [one for one in threading.enumerate() if one.name == "send-customers"]
    assert len([kind for kind in kinds if "nothing was sent" in kind]) == 2, kinds
    assert len(hanging) == MAX_ABANDONED
