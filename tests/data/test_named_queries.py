"""Every named query: its header is right, its scope is kept, and it runs."""

from __future__ import annotations

import pytest

from data.errors import QueryRefused
from data.literals import literal
from data.named_queries import named_query, parse_query, query_names, with_visible
from data.register import write_register
from data.scope import EVERY_STATION, Scope, visible_select
from data.store import Store
from rules.core.model import Asset
from rules.core.model import Scope as IncidentScope
from tests.data.rows import NOON, incident, notice

HEADER = "-- What it is.\n-- grain: one row\n-- inputs: {inputs}\n-- reader: tests\n-- scope: visible\n"


@pytest.mark.parametrize("name", query_names())
def test_a_query_that_promises_a_scope_uses_it(name: str) -> None:
    query = named_query(name)
    uses = " visible" in " ".join("".join(query.parts).split())
    assert uses == (query.scope == "visible")


@pytest.mark.parametrize("name", query_names())
def test_a_query_runs_on_an_empty_database_without_any_value_known(name: str, store: Store) -> None:
    query = named_query(name)
    text = query.text(dict.fromkeys(query.inputs), visible_select(Scope("installer", "nobody")))
    store.sql(f"EXPLAIN {text}")


def test_inputs_are_found_outside_strings_and_comments_only() -> None:
    text = HEADER.format(inputs="$a, $b") + "SELECT $a, '$c', \"$d\", -- $e\n $b /* $f */, $a FROM visible;"
    query = parse_query("q", text)
    assert query.places == ("a", "b", "a")
    made = query.text({"a": "$b", "b": 2}, EVERY_STATION)
    assert made.endswith("SELECT '$b', '$c', \"$d\", -- $e\n 2 /* $f */, '$b' FROM visible")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT 1", "lacks grain"),
        ("-- What.\n-- grain: x\n-- inputs: none\n-- reader: me\nSELECT 1", "lacks scope"),
        (HEADER.format(inputs="none").replace("visible", "everything") + "SELECT 1", "scope is 'everything'"),
        (HEADER.format(inputs="$a") + "SELECT 1", "header names inputs"),
        (HEADER.format(inputs="none") + "SELECT $a", "header names inputs"),
    ],
)
def test_a_header_that_lies_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_query("q", text)


def test_inputs_must_be_given_exactly() -> None:
    query = parse_query("q", HEADER.format(inputs="$a") + "SELECT $a FROM visible")
    with pytest.raises(QueryRefused, match="takes a, was given nothing"):
        query.text({}, EVERY_STATION)
    with pytest.raises(QueryRefused, match="takes a, was given a, b"):
        query.text({"a": 1, "b": 2}, EVERY_STATION)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT station FROM visible",
        "FROM visible",
        "WITH mine AS (FROM visible) FROM mine",
        "with recursive mine(n) as (select 1 union all select n + 1 from mine where n < 3)"
        " select station from visible where (select max(n) from mine) = 3",
        "FROM visible UNION ALL FROM visible LIMIT 1",
    ],
)
def test_the_scope_fits_before_any_form_of_query(sql: str, store: Store) -> None:
    visible = f"SELECT {literal('BE-1')} AS station"
    assert store.sql(with_visible(sql, visible))["station"].to_list() == ["BE-1"]


@pytest.mark.parametrize("role", ["helpdesk", "installer", "customer"])
def test_what_is_nobodys_station_is_for_who_sees_every_station(role: str, store: Store) -> None:
    asked = with_visible("SELECT count(*) FROM house", visible_select(Scope(role, "Volt")))
    assert store.sql(asked).row(0) == (1 if role == "helpdesk" else 0,)
    assert "house" not in with_visible("SELECT 1 FROM visible", visible_select(Scope(role, "Volt")))


NOTICES = {
    "incident_notices": {"incident_id": "wide"},
    "export_notices": {"incident_id": "wide", "station": None, "since": None, "until": None},
    "notices": {"since": NOON, "limit": 10, "swallowed": True},
}


@pytest.mark.parametrize("query", NOTICES)
@pytest.mark.parametrize(
    ("role", "party", "told"),
    [
        ("helpdesk", None, ["bosch", "helpdesk", "town", "volt"]),
        ("installer", "Volt", ["helpdesk", "town", "volt"]),
        ("installer", "Bosch", ["bosch", "helpdesk"]),
        ("customer", "Town", ["helpdesk", "town", "volt"]),
        ("customer", "Nobody", []),
    ],
)
def test_of_a_wide_incident_each_reads_what_concerns_the_own_stations(
    store: Store, query: str, role: str, party: str | None, told: list[str]
) -> None:
    write_register(
        store,
        [Asset(station="A", installer="Volt", customer="Town"), Asset(station="B", installer="Bosch")],
        replace=True,
    )
    wide = incident("wide", scope=IncidentScope.PLATFORM, station=None, evse=None, connector=None)
    wide.members = ["A", "B"]
    parties = {
        "helpdesk": "operator",
        "volt": "installer:Volt",
        "bosch": "installer:Bosch",
        "town": "customer:Town",
    }
    sent = [
        notice(f"wide:{name}", incident_id="wide", destination=name, party=whose)
        for name, whose in parties.items()
    ]
    store.apply([wide, *sent])
    text = named_query(query).text(NOTICES[query], visible_select(Scope(role, party)))
    assert sorted(store.sql(text)["destination"]) == told
