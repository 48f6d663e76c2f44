"""The sign of life: sent while all is well, withheld when not, and its address told to nobody."""

from __future__ import annotations

import logging

import pytest

from rules.dispatch.heartbeat import Heartbeat, address_problem, call
from tests.sinks import closed_port, http_sink, silent_sink, wait_until

SECRET = "s3kr3t-t0ken"


def test_it_beats_while_all_is_well_and_falls_silent_with_the_first_trouble() -> None:
    troubles: list[str] = []
    beats: list[str] = []
    with http_sink() as sink:
        url = f"http://127.0.0.1:{sink.port}/ping/{SECRET}?x=1"
        heart = Heartbeat(url, every_s=0.01, troubles=lambda: troubles, on_beat=beats.append)
        heart.start()
        assert sink.wait_for(3)
        troubles.append("the store does not take frames")
        assert wait_until(lambda: beats[-1] == "withheld")
        sent = len(sink.requests)
        assert wait_until(lambda: beats.count("withheld") > 3)
        assert len(sink.requests) == sent
        troubles.clear()
        assert sink.wait_for(sent + 1)
        heart.stop()
    assert {(one.method, one.path) for one in sink.requests} == {("GET", f"/ping/{SECRET}?x=1")}


@pytest.mark.parametrize(("mode", "failure"), [(500, "HTTP 500"), (307, "HTTP 307"), (401, "HTTP 401")])
def test_an_answer_that_is_no_success_is_a_failure_and_no_redirect_is_followed(
    mode: int, failure: str
) -> None:
    with http_sink() as elsewhere, http_sink(mode) as sink:
        sink.redirect_to = f"http://127.0.0.1:{elsewhere.port}/"
        assert call(f"http://127.0.0.1:{sink.port}/{SECRET}") == failure
        assert elsewhere.requests == []


def test_nobody_there_or_nobody_answering_is_a_failure_in_time_and_stays_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with silent_sink() as silent:
        for port in (closed_port(), silent.port):
            url = f"http://127.0.0.1:{port}/{SECRET}"
            assert Heartbeat(url, every_s=60, troubles=list, timeout_s=0.2).beat() == "failed"
    assert "not taken" in caplog.text
    assert SECRET not in caplog.text


def test_a_host_that_can_have_no_address_is_a_failure_and_not_the_end() -> None:
    assert call(f"http://{'a' * 64}.example/{SECRET}") == "UnicodeError"


def test_who_cannot_say_that_all_is_well_has_not_said_so(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> list[str]:
        raise RuntimeError("no")

    assert Heartbeat("http://127.0.0.1:9/", every_s=60, troubles=broken).beat() == "withheld"
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://hc.example/ping", None),
        (f"ftp://hc.example/{SECRET}", "http:// or https://"),
        (f"{SECRET}", "http:// or https://"),
        (f"https:///{SECRET}", "name a host"),
        (f"https://hc.example:99999/{SECRET}", "malformed"),
        (f"https://hc.example:0/{SECRET}", "out of range"),
    ],
)
def test_an_address_that_cannot_be_called_is_told_without_showing_it(url: str, says: str | None) -> None:
    problem = address_problem(url)
    assert (problem is None) if says is None else says in (problem or "")
    assert SECRET not in (problem or "")
