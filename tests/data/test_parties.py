"""Which names of installers and customers are known, and which one was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.parties import closest, unknown_party
from data.register import write_register
from data.store import Store
from rules.core.model import Asset


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("volt", "Volt"),
        ("Vlot", "Volt"),
        ("Ampere", "Ampère"),
        ("Bakker Jansen", "Bakkerij Janssen"),
        ("Zzz", None),
    ],
)
def test_the_name_that_looks_most_like_it_is_found(typed: str, meant: str | None) -> None:
    assert closest(typed, ["Volt", "Ampère", "Bakkerij Janssen"]) == meant


def test_a_party_is_known_by_the_register_or_by_configuration_as_it_is_written(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.duckdb") as store:
        assert unknown_party(store, "installer", "Anyone") is None, "an empty register can tell nothing"
        write_register(
            store, [Asset(station="BE-1", installer="Volt", customer="Shop"), Asset(station="BE-2")]
        )
        assert unknown_party(store, "installer", "Volt") is None
        assert unknown_party(store, "installer", "Ampère", ["installer:Ampère", "operator"]) is None
        told = unknown_party(store, "installer", "volt")
        assert told == "no station has the installer 'volt'; did you mean 'Volt'?"
        assert unknown_party(store, "installer", "Shop") == "no station has the installer 'Shop'; known: Volt"
        assert unknown_party(store, "customer", "Winkel", ["installer:Winkel"]) is not None
