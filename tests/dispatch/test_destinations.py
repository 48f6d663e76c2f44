"""What `laadwacht check` says about destinations: named, with a remedy, and without the secret."""

from __future__ import annotations

import pytest

from rules.dispatch.destinations import DestinationConfig, check

SECRET = "s3kr3t-t0ken"


def config(url: str, name: str = "helpdesk", party: str = "operator", **more: object) -> DestinationConfig:
    return DestinationConfig(name=name, party=party, url=url, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1:8080/hook",
        "jsons://user:pass@example.be/hook?+X-Token=abc&:version=",
        "mailto://127.0.0.1:25?from=a@example.be&to=b@example.be",
        "ntfys://ntfy.example.be/topic",
        "json://127.0.0.1/hook?to=a,b",
    ],
)
def test_a_good_destination_has_no_problem(url: str) -> None:
    assert check([config(url)]) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "empty"),
        ("   ", "empty"),
        (f"{SECRET}", "no scheme"),
        (f"nosuch://{SECRET}@host/x", "'nosuch' is not known"),
        (f"json://a/{SECRET}, json://b/", "several services"),
        (f"json://a/{SECRET} json://b/", "several services"),
        (f"json://a/{SECRET};json://b/", "several services"),
        (f"mailto://h:25?from=a@b.be&to=c@d.be,e@f.be&name={SECRET}", "several recipients"),
        (f"ntfy://host/een/twee/{SECRET}", "several recipients"),
        (f"slack://{SECRET}/b", "incomplete or malformed"),
        ("json://", "incomplete or malformed"),
        (f"json://host:99999/{SECRET}", "port is out of range"),
        (f"json://host:0/{SECRET}", "port is out of range"),
        (f"json://host/{SECRET}?retry=2", "'retry' is not allowed"),
        (f"json://host/{SECRET}?wait=2", "'wait' is not allowed"),
        (f"json://host/{SECRET}?optional=yes", "'optional' is not allowed"),
        (f"json://host/{SECRET}?OPTIONAL=yes", "'optional' is not allowed"),
        (f"json://host/{SECRET}?redirect=yes", "'redirect' is not allowed"),
        (f"mailto://{SECRET}:p@example.be?to=a@b.be&cc=c@d.be", "'cc' is not allowed"),
    ],
)
def test_a_bad_url_is_named_with_its_remedy_and_never_shown(
    url: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    errors = check([config(url)])
    assert len(errors) == 1
    assert "'helpdesk'" in errors[0]
    assert says in errors[0]
    assert SECRET not in errors[0] + caplog.text


def test_every_mistake_of_every_destination_is_told_at_once() -> None:
    errors = check(
        [
            config("json://host/", name="Werf Gent"),
            config("json://host/?retry=1&optional=yes", name="twee", party="installateur:X", language="de"),
            config("json://host/", name="twee", timeout_s=0.0),
        ]
    )
    assert len(errors) == 7
    assert sum("'twee'" in error for error in errors) == 6


def test_a_destination_does_not_show_its_url_when_printed() -> None:
    shown = config(f"json://host/{SECRET}")
    assert SECRET not in f"{shown} {shown!r} {[shown]} {shown.__rich_repr__()}"
