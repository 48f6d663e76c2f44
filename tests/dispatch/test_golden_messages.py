"""Every message of tests/cases/messages reads exactly as it stands there; there is one for every reader."""

from __future__ import annotations

import pytest

from data.catalog_files import load_catalog
from rules.core.catalog.entries import Catalog
from rules.core.catalog.templates import AUDIENCES
from tests.dispatch.golden import Scene, Wanted, scenes, written


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def table() -> list[tuple[str, Scene, Wanted]]:
    return [(path.stem, scene, wanted) for path, scene in scenes() for wanted in scene.messages]


@pytest.mark.parametrize(
    ("scene", "wanted"),
    [
        pytest.param(scene, wanted, id=f"{name}-{wanted.audience}-{wanted.language}-{wanted.reason}")
        for name, scene, wanted in table()
    ],
)
def test_a_message_reads_as_in_the_table(scene: Scene, wanted: Wanted, catalog: Catalog) -> None:
    assert written(scene, wanted, catalog).strip() == wanted.text.strip()
    if wanted.characters is not None:
        subject, _, body = wanted.text.strip().partition("\n\n")
        assert len(subject) + 2 + len(body) <= wanted.characters


def test_the_table_has_every_audience_in_every_language() -> None:
    told = {(wanted.audience, wanted.language) for _, _, wanted in table()}
    assert told == {(audience, language) for audience in AUDIENCES for language in ("nl", "fr", "en")}


def test_no_customer_reads_a_code_a_rule_or_a_percentage(catalog: Catalog) -> None:
    for _, scene, wanted in table():
        if wanted.audience == "customer":
            text = written(scene, wanted, catalog)
            codes = [scene.incident.fault, scene.incident.rule_id, scene.incident.task, "%"]
            values = [value for one in scene.incident.evidence for value in one.values.values()]
            codes += [value for value in values if isinstance(value, str)]
            assert [code for code in codes if code in text] == []
