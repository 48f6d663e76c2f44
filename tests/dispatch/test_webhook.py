"""The JSON that a webhook really receives, held against the published schema, at a real HTTP sink."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jsonschema
import msgspec
import pytest

from data.catalog_files import load_catalog
from rules.core.catalog.entries import Catalog
from rules.core.model import NoticeReason, NoticeRow
from rules.dispatch.apprise_target import AppriseTarget
from rules.dispatch.destinations import DestinationConfig, addressee_of
from rules.dispatch.message import Renderer
from rules.dispatch.outcome import Kind
from tests.dispatch.golden import Scene, scenes
from tests.sinks import HttpSink, http_sink

SCHEMA: dict[str, Any] = msgspec.json.decode(
    files("data").joinpath("catalog", "notice.schema.json").read_bytes()
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="module")
def sink() -> Iterator[HttpSink]:
    with http_sink() as running:
        yield running


def posted(sink: HttpSink, scene: Scene, catalog: Catalog, reason: str, query: str = "") -> dict[str, Any]:
    config = DestinationConfig(name="ticket", party="operator", url=sink.url + query)
    register = {scene.station.station: scene.station} if scene.station else {}
    renderer = Renderer(
        catalog, lambda: register, {"ticket": addressee_of(config)}, "https://wacht.example.be"
    )
    row = scene.incident
    notice = NoticeRow(
        dedup_key=f"{row.incident_id}:ticket:0",
        incident_id=row.incident_id,
        destination="ticket",
        party="operator",
        seq=0,
        reason=NoticeReason(reason),
        created_at=row.pending_at,
        not_before=row.pending_at,
    )
    _, subject, body, payload = renderer(notice, row)
    target = AppriseTarget(config)
    assert target.send(subject, body, notice.dedup_key, reason=reason, payload=payload).kind is Kind.SENT
    found: dict[str, Any] = sink.requests[-1].json()
    return found


@pytest.mark.parametrize("scene", [pytest.param(scene, id=path.stem) for path, scene in scenes()])
@pytest.mark.parametrize("reason", ["first", "resolved"])
def test_what_arrives_is_what_the_schema_says(
    sink: HttpSink, scene: Scene, catalog: Catalog, reason: str
) -> None:
    found = posted(sink, scene, catalog, reason)
    jsonschema.validate(found, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert found["dedup_key"] == sink.requests[-1].headers["X-Laadwacht-Key"]
    assert found["incident"]["id"] == scene.incident.incident_id
    assert found["title"].startswith("[Laadwacht] ")
    assert found["links"]["fault"] in found["message"]
    assert found["type"] == ("success" if reason == "resolved" else "warning")


def test_a_url_renames_and_leaves_out_fields_as_its_receiver_wants_them(
    sink: HttpSink, catalog: Catalog
) -> None:
    _, scene = next(scenes())
    query = "?:message=description&:version=&:evidence=&:dedup_key=ticket_key&:queue=laden"
    found = posted(sink, scene, catalog, "first", query)
    assert found["description"].startswith("Wat: ")
    assert found["ticket_key"] == f"{scene.incident.incident_id}:ticket:0"
    assert found["queue"] == "laden"
    assert not found.keys() & {"message", "version", "evidence", "dedup_key"}


def test_a_mail_carries_words_only(catalog: Catalog) -> None:
    mail = DestinationConfig(name="m", party="operator", url="mailto://127.0.0.1:25?from=a@b.be&to=c@d.be")
    assert not addressee_of(mail).payload
