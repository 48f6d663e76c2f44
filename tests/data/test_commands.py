"""Commands: their form on the wire, the client against a real HTTP server, and the audit trail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from data.commands import (
    PENDING,
    Acknowledge,
    Command,
    CommandClient,
    CommandOutcome,
    CommandRequest,
    Comment,
    Feedback,
    HandOver,
    Overrule,
    Remote,
    Reset,
    Trigger,
    complete,
    earlier_outcome,
    remember,
    write_down,
)
from data.errors import OwnerDown
from data.store import Store
from rules.core.model import FeedbackVerdict, Owner, Side
from tests.data.rows import NOON

EVERY: list[Command] = [
    Acknowledge(incident_id="i"),
    Overrule(incident_id="i", side=Side.SOFTWARE, owner=Owner.OPERATOR, why="log"),
    HandOver(incident_id="i", to="installer:Volt", why="w"),
    Comment(incident_id="i", text="é"),
    Reset(station="BE-1", kind="hard", why="w"),
    Trigger(station="BE-1", message="StatusNotification", evse=1),
    Remote(station="BE-1", action="RemoteStart", options={"id_tag": "x", "evse": 1}, why="w"),
    Feedback(incident_id="i", verdict=FeedbackVerdict.WRONG_SIDE, side=Side.SOFTWARE),
]


class Door(ThreadingHTTPServer):
    """Answers what the test put into `answers`; keeps what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[tuple[str | None, CommandRequest]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    server: Door

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = msgspec.json.decode(body, type=CommandRequest)
        self.server.asked.append((self.headers["Authorization"], request))
        status, answer = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def door() -> Iterator[Door]:
    with Door() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "read.token"
    file.write_text("secret\n")
    return file


@pytest.mark.parametrize("command", EVERY)
def test_a_command_arrives_as_it_was_sent(door: Door, token: Path, command: Command) -> None:
    outcome = CommandOutcome(command_id="c1", outcome="accepted")
    door.answers.append((200, msgspec.json.encode(outcome)))
    assert CommandClient(door.url, token).send(command, "an@example.be", "c1") == outcome
    bearer, request = door.asked[0]
    assert bearer == "Bearer secret"
    assert request == CommandRequest(command_id="c1", actor="an@example.be", command=command)


def test_each_sending_without_an_id_gets_its_own(door: Door, token: Path) -> None:
    door.answers += [(200, msgspec.json.encode(CommandOutcome(command_id="x", outcome="accepted")))] * 2
    for _ in range(2):
        CommandClient(door.url, token).send(EVERY[0], "an@example.be")
    assert door.asked[0][1].command_id != door.asked[1][1].command_id


def test_a_refusal_in_other_words_is_still_a_refusal(door: Door, token: Path) -> None:
    door.answers.append((401, b'{"error":"the token is needed"}'))
    outcome = CommandClient(door.url, token).send(EVERY[0], "an@example.be")
    assert outcome.outcome == "refused"
    assert "token is needed" in str(outcome.detail)


def test_an_owner_that_fails_or_is_gone_is_down(door: Door, token: Path, free_port: int) -> None:
    door.answers.append((500, b"oops"))
    with pytest.raises(OwnerDown, match="HTTP 500"):
        CommandClient(door.url, token).send(EVERY[0], "an@example.be")
    with pytest.raises(OwnerDown):
        CommandClient(f"http://127.0.0.1:{free_port}", token).send(EVERY[0], "an@example.be")
    with pytest.raises(OwnerDown):
        CommandClient(door.url, token.with_name("absent")).send(EVERY[0], "an@example.be")


def test_the_first_outcome_of_a_command_stands(store: Store) -> None:
    request = CommandRequest(command_id="c1", actor="an@example.be", command=EVERY[4])
    assert earlier_outcome(store, "c1") is None
    first = CommandOutcome(command_id="c1", outcome="accepted", detail="Accepted")
    assert remember(store, request, first, role="helpdesk", now=NOON) == first
    later = CommandOutcome(command_id="c1", outcome="failed")
    assert remember(store, request, later, role="helpdesk", now=NOON) == first
    assert earlier_outcome(store, "c1") == first
    row = store.sql("SELECT * FROM command").row(0, named=True)
    assert (row["asked_at"], row["actor"], row["role"], row["kind"]) == (
        NOON,
        "an@example.be",
        "helpdesk",
        "reset",
    )
    assert msgspec.json.decode(row["body"], type=Command) == EVERY[4]


def test_a_command_written_down_as_pending_is_completed_once(store: Store) -> None:
    request = CommandRequest(command_id="c1", actor="an@example.be", command=EVERY[4])
    begun = CommandOutcome(command_id="c1", outcome=PENDING)
    write_down(store, request, begun, kind="Reset", body="{}", role="helpdesk", now=NOON)
    assert earlier_outcome(store, "c1") == begun
    ended = CommandOutcome(command_id="c1", outcome="no_answer", detail="silent")
    complete(store, ended)
    complete(store, CommandOutcome(command_id="c1", outcome="accepted"))
    assert earlier_outcome(store, "c1") == ended
