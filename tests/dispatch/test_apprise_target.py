"""Every class of outcome, with the real Apprise against real servers on loopback."""

from __future__ import annotations

import logging
import threading

import pytest

from rules.dispatch.apprise_target import DUPLICATE_HEADER, KEY_HEADER, MAX_ABANDONED, AppriseTarget
from rules.dispatch.destinations import DestinationConfig
from rules.dispatch.outcome import Kind, Outcome, classify
from tests.sinks import closed_port, http_sink, silent_sink, smtp_sink, wait_until

SECRET = "s3kr3t-t0ken"


def target(url: str, timeout_s: float = 10.0) -> AppriseTarget:
    return AppriseTarget(DestinationConfig(name="wacht", party="operator", url=url, timeout_s=timeout_s))


def send(url: str, timeout_s: float = 10.0) -> Outcome:
    return target(url, timeout_s).send("Laadpaal defect", "Wat: aardfout\nWaar: Gent", "inc1-wacht-1")


def test_a_webhook_that_accepts_is_sent_and_carries_the_key() -> None:
    with http_sink(200) as sink:
        outcome = send(sink.url)
    assert outcome.kind is Kind.SENT
    (request,) = sink.requests
    assert request.headers[KEY_HEADER] == "inc1-wacht-1"
    assert DUPLICATE_HEADER not in request.headers
    assert request.json()["title"] == "Laadpaal defect"
    assert request.json()["message"] == "Wat: aardfout\nWaar: Gent"


def test_a_possible_duplicate_says_so_in_a_header() -> None:
    with http_sink(200) as sink:
        target(sink.url).send("a", "b", "inc1-wacht-1", possible_duplicate=True)
    assert sink.requests[0].headers[DUPLICATE_HEADER] == "yes"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Kind.PERMANENT),
        (401, Kind.PERMANENT),
        (403, Kind.PERMANENT),
        (404, Kind.PERMANENT),
        (410, Kind.PERMANENT),
        (408, Kind.TRANSIENT),
        (429, Kind.TRANSIENT),
        (500, Kind.TRANSIENT),
        (503, Kind.TRANSIENT),
    ],
)
def test_a_refusing_webhook_is_asked_once_and_classed_by_its_code(status: int, kind: Kind) -> None:
    with http_sink(status) as sink:
        outcome = send(sink.url)
    assert (outcome.kind, outcome.code) == (kind, status)
    assert len(sink.requests) == 1


def test_a_redirect_is_not_followed_and_is_permanent() -> None:
    with http_sink(200) as elsewhere, http_sink(307) as sink:
        sink.redirect_to = f"http://127.0.0.1:{elsewhere.port}/"
        outcome = send(sink.url)
        assert (outcome.kind, outcome.code) == (Kind.PERMANENT, 307)
        assert elsewhere.requests == []


def test_a_hanging_webhook_is_unknown_because_it_has_the_request() -> None:
    with http_sink("hang") as sink:
        outcome = send(sink.url, timeout_s=1.0)
        assert outcome.kind is Kind.UNKNOWN
        assert len(sink.requests) == 1


def test_a_webhook_that_drops_the_connection_after_the_request_is_unknown() -> None:
    with http_sink("drop") as sink:
        assert send(sink.url).kind is Kind.UNKNOWN


def test_a_trickling_webhook_is_given_up_at_our_own_deadline() -> None:
    with http_sink("trickle", trickle_s=0.1) as sink:
        assert send(sink.url, timeout_s=1.0).kind is Kind.UNKNOWN


def test_a_receiver_that_never_ends_does_not_gather_threads_without_bound() -> None:
    with http_sink("trickle", trickle_s=0.1) as sink:
        slow = target(sink.url, timeout_s=1.0)
        kinds = [slow.send("a", "b", "k").kind for _ in range(MAX_ABANDONED + 2)]
        assert kinds == [Kind.UNKNOWN] * MAX_ABANDONED + [Kind.TRANSIENT] * 2
        assert len(sink.requests) == MAX_ABANDONED
    assert wait_until(lambda: not any(t.name == "send-wacht" for t in threading.enumerate()))


def test_a_closed_port_is_transient_and_nothing_arrived() -> None:
    assert send(f"json://127.0.0.1:{closed_port()}/").kind is Kind.TRANSIENT
    mail = f"mailto://127.0.0.1:{closed_port()}?from=a@example.be&to=b@example.be"
    assert send(mail).kind is Kind.TRANSIENT


def test_a_host_that_does_not_exist_is_transient() -> None:
    assert send("json://nergens.invalid/").kind is Kind.TRANSIENT


def test_a_mail_is_plain_text_and_carries_the_key() -> None:
    with smtp_sink() as sink:
        outcome = send(sink.url)
        assert outcome.kind is Kind.SENT
        (mail,) = sink.mails
    assert mail.recipients == ["werf@example.be"]
    assert mail.message["Subject"] == "Laadpaal defect"
    assert mail.message[KEY_HEADER] == "inc1-wacht-1"
    assert mail.message.get_content_type() == "text/plain"
    assert mail.message.get_content().splitlines() == ["Wat: aardfout", "Waar: Gent"]


@pytest.mark.parametrize(
    ("mode", "kind", "code"),
    [("550", Kind.PERMANENT, 550), ("554", Kind.PERMANENT, 554), ("450", Kind.TRANSIENT, 450)],
)
def test_a_refusing_mail_server_is_classed_by_its_code(mode: str, kind: Kind, code: int) -> None:
    with smtp_sink(mode) as sink:
        outcome = send(sink.url)
        assert (outcome.kind, outcome.code) == (kind, code)
        assert sink.refused == 1


def test_a_silent_mail_server_is_unknown_after_its_time() -> None:
    with silent_sink() as sink:
        assert send(sink.url, timeout_s=1.0).kind is Kind.UNKNOWN


def test_two_mails_in_a_row_do_not_wait_for_the_throttle_of_the_library() -> None:
    with smtp_sink() as sink:
        one = target(sink.url, timeout_s=5.0)  # the pause of a kept object, 5.5 s, would outlast the deadline
        assert one.send("a", "b", "k1").kind is Kind.SENT
        assert one.send("a", "b", "k2").kind is Kind.SENT


def test_an_unusable_url_is_permanent_and_does_not_raise() -> None:
    outcome = send(f"slack://{SECRET}")
    assert outcome.kind is Kind.PERMANENT
    assert SECRET not in outcome.detail_redacted


def test_a_header_injection_in_the_subject_stays_one_subject() -> None:
    with smtp_sink() as sink:
        target(sink.url).send("Defect\r\nBcc: dief@example.be", "b", "k")
        (mail,) = sink.mails
    assert mail.message["Bcc"] is None
    assert mail.recipients == ["werf@example.be"]


def test_no_secret_reaches_a_log_or_an_outcome(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    logging.getLogger("urllib3").setLevel(1)
    details: list[str] = []
    for mode in (200, 307, 401, 500, "drop"):
        with http_sink(mode) as sink:
            url = f"json://user:{SECRET}@127.0.0.1:{sink.port}/{SECRET}?+X-Token={SECRET}&:sleutel={SECRET}"
            details.append(repr(send(url)))
            assert SECRET in str(sink.requests[0].headers), "the receiver itself does get the token"
    with smtp_sink() as mail:
        login = f"mailto://{SECRET}:{SECRET}@127.0.0.1:{mail.port}?from=a@example.be&to=b@example.be"
        details.append(repr(send(login)))
    details.append(repr(send(f"nosuch://{SECRET}@host/x")))
    details.append(repr(send(f"json://127.0.0.1:{closed_port()}/{SECRET}")))
    assert SECRET not in caplog.text
    assert SECRET not in "".join(details)


def test_a_failure_without_any_word_is_transient() -> None:
    assert classify(False, []).kind is Kind.TRANSIENT
