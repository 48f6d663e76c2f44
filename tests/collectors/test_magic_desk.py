"""Links behind the owner's door: good, used and over, by the clock; what each says and refuses."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from data import magic_links
from data.commands import RevokeLinks
from rules.core.model import IncidentEventRow
from tests.collectors.test_door import FIXIT, HELPDESK, Knocker, run
from tests.data.rows import incident

NO_LINK: dict[str, Any] = {"state": "unknown", "language": None, "incidents": [], "party": None}


def issued(door: Knocker, token: str, *, hours: float, party: str = "Fixit") -> None:
    magic_links.issue(
        door.owner.store,
        token,
        dedup_key=f"i1:fixit:{token}",
        incidents=["i1"],
        destination="fixit",
        party=party,
        language="en",
        expires_at=datetime.now(UTC) + timedelta(hours=hours),
    )


def test_each_state_of_a_link_says_what_it_is_good_for(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        async def ask(step: str, **body: Any) -> tuple[int, Any]:
            answer = await door.client.post(f"/api/magic/{step}", json=body)
            return answer.status_code, answer.json()

        await asyncio.to_thread(issued, door, "good", hours=1)
        await asyncio.to_thread(issued, door, "late", hours=-1)
        about = {"language": "en", "incidents": ["i1"], "party": "Fixit"}
        assert await ask("look", token="good") == (200, {"state": "good", **about})
        assert await ask("look", token="late") == (200, {**NO_LINK, "state": "expired", "language": "en"})
        assert await ask("look", token="none") == (200, NO_LINK)
        assert (await ask("redeem", token="late"))[0] == 410
        status, opened = await ask("redeem", token="good")
        assert status == 200
        assert (await ask("redeem", token="good"))[0] == 410
        assert await ask("look", token="good") == (200, {**NO_LINK, "state": "used", "language": "en"})
        session = opened["session"]
        assert await ask("look", token="good", session=session) == (200, {"state": "used", **about})
        left = datetime.fromisoformat(opened["expires_at"]) - datetime.now(UTC)
        assert timedelta(minutes=119) < left <= timedelta(minutes=120)
        assert (await ask("session", session=session))[1]["incidents"] == ["i1"]
        assert (await ask("session", session="other"))[0] == 401
        take = {"command": "take", "incident_id": "i1"}
        assert (await ask("act", session=session, command=take))[1]["outcome"] == "refused", (
            "no such incident"
        )
        assert (await ask("act", session=session, command={**take, "incident_id": "i2"}))[0] == 403
        assert (await ask("act", command=take))[0] == 401
        assert (await ask("act", session=session, command={"command": "overrule", "why": "x"}))[0] == 400
        assert await ask("close", session=session) == (200, {"status": "closed"})
        assert (await ask("session", session=session))[0] == 401
        assert (await ask("steal", token="good"))[0] == 404
        assert (await ask("fresh", token="none"))[0] == 404

    run(tmp_path, scenario)


def test_the_helpdesk_takes_a_link_back_and_nobody_else(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        async def ask(step: str, **body: Any) -> tuple[int, Any]:
            answer = await door.client.post(f"/api/magic/{step}", json=body)
            return answer.status_code, answer.json()

        await asyncio.to_thread(issued, door, "good", hours=1)
        await asyncio.to_thread(issued, door, "held", hours=1)
        session = (await ask("redeem", token="held"))[1]["session"]
        mine = RevokeLinks(party="Fixit", why="lost a phone")
        assert (await door.send(mine, FIXIT, "c1")).outcome == "refused"
        assert (await door.send(RevokeLinks(), HELPDESK, "c2")).outcome == "refused"
        done = await door.send(mine, HELPDESK, "c3")
        assert (done.outcome, done.detail) == (
            "accepted",
            "2 link(s) that still let somebody in were taken back",
        )
        gone = {**NO_LINK, "state": "revoked", "language": "en"}
        assert await ask("look", token="good") == await ask("look", token="held") == (200, gone)
        assert (await ask("redeem", token="good"))[0] == 410
        assert (await ask("session", session=session))[0] == 401
        assert await ask("fresh", token="good") == (200, {"fresh": "over"})
        audit = door.owner.store.sql("SELECT kind, actor, outcome, body FROM command WHERE command_id = 'c3'")
        [(kind, actor, outcome, body)] = audit.rows()
        assert (kind, actor, outcome, "lost a phone" in body) == ("revoke_links", HELPDESK, "accepted", True)

    run(tmp_path, scenario)


def test_a_link_ends_by_itself_when_its_fault_is_handed_to_another(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        async def ask(step: str, **body: Any) -> tuple[int, Any]:
            answer = await door.client.post(f"/api/magic/{step}", json=body)
            return answer.status_code, answer.json()

        store = door.owner.store
        row = incident("i1", route_party="installer:Fixit")
        await asyncio.to_thread(store.apply, [row])
        await asyncio.to_thread(issued, door, "good", hours=1)
        assert (await ask("look", token="good"))[1]["state"] == "good"
        moved = IncidentEventRow(
            incident_id="i1",
            n=1,
            at=row.pending_at,
            event="routed",
            detail={"party": "operator", "from": "installer:Fixit"},
        )
        await asyncio.to_thread(store.apply, [incident("i1", route_party="operator"), moved])
        assert (await ask("look", token="good"))[1]["state"] == "revoked"
        assert (await ask("redeem", token="good"))[0] == 410

    run(tmp_path, scenario)


def test_the_actor_of_a_link_cannot_be_borrowed_at_the_command_door(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        body = {
            "command_id": "c1",
            "actor": "installer:Fixit (link)",
            "command": {"command": "take", "incident_id": "i1"},
        }
        answer = await door.client.post("/api/commands", json=body)
        assert answer.status_code == 403
        assert "no such user" in answer.json()["detail"]

    run(tmp_path, scenario)
