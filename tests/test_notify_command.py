"""`laadwacht notify`: one test message to a real sink, told honestly, without owner process or database."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import jsonschema
import msgspec
import pytest

from collectors.cli.application import main
from tests.sinks import closed_port, http_sink, silent_sink, smtp_sink

SECRET = "s3kr3t-t0ken"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert {path.name for path in tmp_path.iterdir()} <= {"laadwacht.toml"}, (
        "a test message leaves no database"
    )


def configured(url: str, more: str = "") -> None:
    Path("laadwacht.toml").write_text(
        f'[destinations.wacht]\nparty = "operator"\nurl = "{url}"\ntimeout_s = 1\n{more}', encoding="utf-8"
    )


# What the receiving end does, what is said, the remedy, and the exit code.
HTTP = [
    (200, "accepted", None, 0),
    (307, "refused for good", "has moved", 1),
    (401, "refused for good", "user, password or token", 1),
    (404, "refused for good", "nothing at this address", 1),
    (429, "not accepted now", "limits us", 1),
    (500, "not accepted now", "in trouble", 1),
    ("hang", "no certain answer", "whether it arrived", 1),
    ("trickle", "no certain answer", "whether it arrived", 1),
]
SMTP = [
    ("accept", "accepted", None, 0),
    ("550", "refused for good", "this recipient", 1),
    ("554", "refused for good", "refuses the message", 1),
    ("450", "not accepted now", "busy", 1),
]


@pytest.mark.parametrize(("mode", "says", "remedy", "code"), HTTP)
def test_a_webhook_is_tried_and_its_answer_told(
    mode: int | str, says: str, remedy: str | None, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with http_sink(mode) as sink:
        configured(f"{sink.url}?+X-Token={SECRET}")
        assert main(["notify", "--test", "wacht"]) == code
        told = capsys.readouterr()
        assert says in told.out
        assert (remedy or "") in told.out
        assert ("what to do" in told.out) == (remedy is not None)
        assert isinstance(mode, str) or f"code {mode}" in told.out
        assert SECRET not in told.out + told.err
        assert sink.requests[-1].headers["X-Token"] == SECRET
        assert len(sink.requests) == 1


@pytest.mark.parametrize(("mode", "says", "remedy", "code"), SMTP)
def test_a_mail_server_is_tried_and_its_answer_told(
    mode: str, says: str, remedy: str | None, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with smtp_sink(mode) as sink:
        configured(sink.url)
        assert main(["notify", "--test", "wacht"]) == code
        told = capsys.readouterr().out
        assert says in told
        assert (remedy or "") in told
        for mail in sink.mails:
            assert mail.message["Subject"] == "[Laadwacht] TEST: geen storing"
            assert "u hoeft niets te doen" in mail.message.get_content()


def test_nobody_there_and_nobody_speaking_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    configured(f"json://127.0.0.1:{closed_port()}/{SECRET}")
    assert main(["notify", "--test", "wacht"]) == 1
    told = capsys.readouterr().out
    assert "no connection" in told
    assert "firewall" in told
    assert SECRET not in told
    with silent_sink() as sink:
        configured(sink.url)
        assert main(["notify", "--test", "wacht", "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["outcome"] == "unknown"


def test_a_test_message_keeps_the_form_of_every_webhook_message() -> None:
    schema = msgspec.json.decode(files("data").joinpath("catalog", "notice.schema.json").read_bytes())
    with http_sink() as sink:
        configured(sink.url, 'language = "fr"\n')
        assert main(["notify", "--test", "wacht"]) == 0
        body = sink.requests[0].json()
    jsonschema.validate(body, schema)
    assert (body["reason"], body["type"], body["incident"]) == ("test", "info", None)
    assert "message de test" in body["message"]


def test_destinations_are_listed_without_their_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    configured(f"ntfys://{SECRET}")
    assert main(["notify", "--list", "--json"]) == 0
    told = capsys.readouterr()
    (row,) = json.loads(told.out)
    assert (row["destination"], row["service"]) == ("wacht", "ntfy (ntfys)")
    assert row["form"] == "short, 300 characters"
    assert SECRET not in told.out + told.err


@pytest.mark.parametrize(
    "arguments", [["notify"], ["notify", "--test", "nobody"], ["notify", "--test", "wacht", "--list"]]
)
def test_a_wrong_call_sends_nothing_and_says_what_to_write(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with http_sink() as sink:
        configured(sink.url)
        assert main(arguments) == 2
        assert sink.requests == []
    assert "notify" in capsys.readouterr().err


def test_an_unusable_address_is_told_before_anything_is_sent_and_stays_secret(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    configured(f"slack://{SECRET}/b")
    assert main(["notify", "--test", "wacht"]) == 2
    told = capsys.readouterr()
    assert "incomplete or malformed" in told.err
    assert SECRET not in told.out + told.err + caplog.text
