"""`laadwacht command` as a person meets it: a running owner process with a station connected to it."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from collectors.remote.actions import ACTIONS
from data.store import Store
from tests.test_cli import HEADER, complaint_of, laadwacht
from tests.test_serving import free_ports, place, running, settings_in
from tests.waiting import until

__all__ = ["free_ports", "place"]

WHY = ("--why", "a driver calls")
Answer = Callable[[list[Any]], list[Any] | None]


def accept(call: list[Any]) -> list[Any]:
    return [3, call[1], {"status": "Accepted"}]


def say_nothing(_call: list[Any]) -> None:
    return None


@contextmanager
def charger(place: Path, answer: Answer, subprotocol: str = "ocpp1.6") -> Iterator[list[Any]]:
    """A station BE-1 that meets every question with `answer`; gives what it was asked."""
    asked: list[Any] = []
    url = f"ws://127.0.0.1:{settings_in(place).ocpp.port}/BE-1"
    with connect(url, subprotocols=[subprotocol], proxy=None) as socket:  # type: ignore[list-item]

        def listen() -> None:
            # A killed owner process breaks the connection off: for the station that is its end.
            with suppress(ConnectionClosedError):
                for text in socket:
                    call = json.loads(text)
                    asked.append(call)
                    reply = answer(call)
                    if reply is not None:
                        socket.send(json.dumps(reply))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield asked
        finally:
            socket.close()
            thread.join()


def audit(place: Path) -> list[tuple[Any, ...]]:
    with Store.open(settings_in(place).database) as store:
        return store.sql("SELECT actor, role, kind, outcome, body FROM command ORDER BY asked_at").rows()


@pytest.mark.timeout(400)  # a dozen processes
@pytest.mark.parametrize("subprotocol", ["ocpp1.6", "ocpp2.0.1"])
def test_a_command_goes_from_the_command_line_to_the_station_and_into_the_trail(
    place: Path, subprotocol: str
) -> None:
    (place / "register.csv").write_text(HEADER + "BE-1,Depot,,51.0,3.7,Alfen,,,Claes,,,22,2\n")

    def answer(call: list[Any]) -> list[Any] | None:
        if call[2] == "ClearCache":
            return [3, call[1], {"status": "Rejected"}]
        if call[2] == "GetLocalListVersion":
            return [4, call[1], "NotSupported", "", {}]
        if call[2] == "GetConfiguration":
            return [3, call[1], {"configurationKey": [{"key": "A.B", "value": "300"}]}]
        if call[2] == "GetVariables":
            [asked_for] = call[3]["getVariableData"]
            value = {**asked_for, "attributeStatus": "Accepted", "attributeValue": "300"}
            return [3, call[1], {"getVariableResult": [value]}]
        return accept(call)

    with running("serve", place) as owner:
        laadwacht("stations", "import", "register.csv", cwd=place)
        mechanic = ("an@example.org", "--role", "installer", "--party", "Claes")
        laadwacht("user", "add", *mechanic, cwd=place)
        away = laadwacht("command", "ClearCache", "BE-1", *WHY, cwd=place)
        assert (away.returncode, away.stdout) == (1, "BE-1 ClearCache: not_connected (never connected)\n")
        with charger(place, answer, subprotocol) as asked:
            done = laadwacht("command", "reset", "BE-1", *WHY, "--as", "an@example.org", cwd=place)
            assert (done.returncode, done.stdout) == (0, "BE-1 Reset: accepted (Accepted)\n")
            rejected = laadwacht("command", "ClearCache", "BE-1", *WHY, cwd=place)
            assert rejected.returncode == 1
            assert rejected.stdout.startswith("BE-1 ClearCache: rejected (")
            error = laadwacht("command", "GetLocalListVersion", "BE-1", *WHY, cwd=place)
            assert error.returncode == 1
            assert "error (the station could not do GetLocalListVersion: NotSupported)" in error.stdout
            told = laadwacht("command", "GetConfiguration", "BE-1", "--key", "A.B", *WHY, cwd=place)
            assert told.returncode == 0
            assert '"300"' in told.stdout
            hard = ("command", "Reset", "BE-1", "--hard", *WHY)
            assert complaint_of(laadwacht(*hard, cwd=place)).endswith("--confirm does it all the same")
            assert laadwacht(*hard, "--confirm", cwd=place).returncode == 0
            denied = laadwacht(*hard, "--confirm", "--as", "an@example.org", cwd=place)
            assert "a hard reset is for the helpdesk" in complaint_of(denied)
            card = laadwacht(
                "command", "RemoteStart", "BE-1", "--id-tag", "-", *WHY, cwd=place, text="04A2B3C4\n"
            )
            assert card.returncode == 0
            assert "04A2B3C4" in json.dumps(asked[-1])
            assert len(asked) == 6
        owner.terminate()
        assert owner.wait(30) == 0
    rows = audit(place)
    assert [row[2:4] for row in rows] == [
        ("ClearCache", "not_connected"),
        ("Reset", "accepted"),
        ("ClearCache", "rejected"),
        ("GetLocalListVersion", "error"),
        ("GetConfiguration", "accepted"),
        ("Reset", "needs_confirmation"),
        ("Reset", "accepted"),
        ("Reset", "refused"),
        ("RemoteStart", "accepted"),
    ]
    assert [row[1] for row in rows] == ["shell", "installer", *["shell"] * 5, "installer", "shell"]
    assert rows[0][0].startswith("shell:")
    assert all("a driver calls" in row[4] and "04A2B3C4" not in row[4] for row in rows)


def test_a_crash_between_asking_and_answer_leaves_a_trace(place: Path) -> None:
    with running("serve", place) as owner, charger(place, say_nothing) as asked:
        arguments = ("command", "ClearCache", "BE-1", *WHY, "--id", "once")
        told: list[subprocess.CompletedProcess[str]] = []
        asking = threading.Thread(target=lambda: told.append(laadwacht(*arguments, cwd=place)))
        asking.start()
        until(lambda: bool(asked), "the question")
        owner.kill()
        owner.wait(30)
        asking.join()
    assert "the owner process does not answer" in complaint_of(told[0])
    assert [row[2:4] for row in audit(place)] == [("ClearCache", "pending")]
    with running("serve", place), charger(place, accept) as asked:
        again = laadwacht(*arguments, cwd=place)
        assert (again.returncode, "is not known" in again.stdout) == (1, True)
        assert asked == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "choose one of Reset, UnlockConnector"),
        (("Explode", "BE-1"), "Explode: choose one of"),
        (("Reset", "BE-1"), "a reason are needed"),
        (("Reset", *WHY), "a STATION"),
        (("ClearCache", "BE-1", "--evse", "1", *WHY), "ClearCache: Object contains unknown field `evse`"),
        (("TriggerMessage", "BE-1", *WHY), "missing required field `message`"),
        (
            ("SendLocalList", "BE-1", "--entries", "absent.json", *WHY),
            "--entries absent.json: cannot be read",
        ),
        (("Reset", "BE-1", *WHY), "the owner process does not answer"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else None,
)
def test_what_cannot_be_sent_is_said_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    assert told in complaint_of(laadwacht("command", *arguments, cwd=tmp_path))


def test_the_list_shows_who_may_ask_what(tmp_path: Path) -> None:
    done = laadwacht("command", "--list", cwd=tmp_path)
    assert done.returncode == 0
    assert [name for name in ACTIONS if name not in done.stdout] == []
    for words in ("2.0.1", "installer", "--list-version", "--message"):
        assert words in done.stdout
