"""What is not with whom it belongs and what is late, counted in the store for metrics and pages."""

from __future__ import annotations

from datetime import timedelta

from data.metrics import Metrics
from data.store import Store
from rules.core.handling import Escalation, EscalationStep
from rules.core.model import IncidentState, StationRow
from rules.dispatch.restore import stored_incident
from tests.data.rows import NOON, incident
from tests.data.test_metrics import value

STEPS = (EscalationStep("helpdesk", 1800.0, ("helpdesk",), 1, NOON + timedelta(minutes=30)),)
CHAIN = Escalation("installer", "installer:Volt", NOON, STEPS)


def filled(store: Store) -> None:
    late = {"response_breached_at": NOON, "repair_breached_at": NOON, "bounced": True, "bounces": 3}
    over = {"state": IncidentState.RESOLVED, "closed_at": NOON, "repair_breached_at": NOON}
    rows = [
        incident("a", opened_at=NOON, route_gap="no_installer", route_rule="route.installer"),
        incident("b", opened_at=NOON, route_rule="route.otherwise", key="b"),
        incident("c", opened_at=NOON, route_rule="route.installer", key="c", **late),
        incident(
            "d", opened_at=NOON, route_gap="no_installer", route_rule="route.installer", key="d", **over
        ),
        incident("e", opened_at=None, route_gap="no_installer", state=IncidentState.PENDING, key="e"),
    ]
    station = StationRow(station="BE-1", first_seen_at=NOON, last_seen_at=NOON)
    store.apply([station, *rows], at=NOON)


def test_metrics_count_what_is_open_and_what_ever_was(store: Store) -> None:
    filled(store)
    metrics = Metrics("0.1.0")
    metrics.refresh(store)
    assert value(metrics, "laadwacht_incidents_unrouted_total", why="no_installer") == 2
    assert value(metrics, "laadwacht_incidents_unrouted_open", why="no_installer") == 1
    assert value(metrics, "laadwacht_incidents_unrouted_total", why="otherwise") == 1
    assert value(metrics, "laadwacht_incidents_unrouted_total", why="unrouted") == 0
    assert value(metrics, "laadwacht_target_breaches_total", target="repair") == 2
    assert value(metrics, "laadwacht_target_breaches_open", target="repair") == 1
    assert value(metrics, "laadwacht_target_breaches_total", target="response") == 1
    assert value(metrics, "laadwacht_incidents_bounced") == 1


def test_open_incidents_without_their_party_are_listed_for_the_helpdesk_only_where_visible(
    store: Store,
) -> None:
    filled(store)
    rows = store.query("incidents_without_their_party", limit=10)
    assert sorted(zip(rows["incident_id"], rows["gap"], strict=True)) == [
        ("a", "no_installer"),
        ("b", "otherwise"),
    ]


def test_an_incident_comes_back_from_the_store_with_its_chain_and_clocks(store: Store) -> None:
    row = incident(
        "a",
        opened_at=NOON,
        escalation=CHAIN,
        escalate_at=STEPS[0].due_at,
        route_words={"nl": "omdat", "fr": "parce que", "en": "because"},
        route_party="installer:Volt",
        operator_s=12.5,
        clock_since=NOON,
        respond_by=NOON,
    )
    store.apply([StationRow(station="BE-1", first_seen_at=NOON, last_seen_at=NOON), row], at=NOON)
    found = stored_incident(store, "a")
    assert found is not None
    assert (found.escalation, found.route_words, found.operator_s) == (CHAIN, row.route_words, 12.5)
    assert (found.escalate_at, found.clock_since, found.respond_by) == (STEPS[0].due_at, NOON, NOON)
