"""Charge points that others wrote, all led the same way: connect, call, close with a code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import ocpp.v16
import ocpp.v16.call
import ocpp.v21
import ocpp.v21.call
import ocpp.v201
import ocpp.v201.call
from ocpp.charge_point import camel_to_snake_case, snake_to_camel_case
from ocpp.routing import on
from websockets.asyncio.client import ClientConnection, connect

from tests.strangers.packages import HERE

#: Nothing here takes this long; a hung stranger must fail the test.
PATIENCE_S = 30.0


class Refused(Exception):
    """The stranger's call failed: a CALLERROR came, or its own schemas refused the answer."""


class Point(Protocol):
    async def connect(self) -> str:
        """The subprotocol agreed on."""

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]: ...

    async def close(self, code: int) -> None: ...


class NodePoint:
    """`converse.js` as a child process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def _step(self, *step: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(step).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            line = await self._process.stdout.readline()
        assert line, "the stranger ended"
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(f"{answer['error']}: {answer['text']}")
        return answer.get("ok")

    async def connect(self) -> str:
        return str(await self._step("connect"))

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        return dict(await self._step("call", [action, payload]))

    async def close(self, code: int) -> None:
        await self._step("close", code)


@asynccontextmanager
async def node_point(  # noqa: PLR0917
    library: str, endpoint: str, identity: str, protocol: str, answers: dict[str, Any], modules: Path
) -> AsyncIterator[NodePoint]:
    """`library` is rpc (ocpp-rpc, strict where its schemas can be had) or ts (ocpp-ts)."""
    told = {
        "library": library,
        "endpoint": endpoint,
        "identity": identity,
        "protocol": protocol,
        "strict": protocol != "ocpp2.1",  # its schemas of 2.1 refuse what is right
        "answers": answers,
    }
    process = await asyncio.create_subprocess_exec(
        "node",
        str(HERE / "converse.js"),
        json.dumps(told),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "NODE_PATH": str(modules), "NODE_OPTIONS": ""},
    )
    try:
        yield NodePoint(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class PythonPoint:
    """The `ocpp` package's ChargePoint, schemas on; every answer is made into its own types."""

    def __init__(self, url: str, protocol: str, answers: dict[str, Any]) -> None:
        self._url = url
        self._protocol = protocol
        self._answers = answers
        self._package: Any = {"ocpp1.6": ocpp.v16, "ocpp2.0.1": ocpp.v201, "ocpp2.1": ocpp.v21}[protocol]
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._point: Any = None

    async def connect(self) -> str:
        self._socket = await connect(self._url, subprotocols=[self._protocol], proxy=None)  # type: ignore[list-item]
        base = self._package.ChargePoint
        members = {
            f"on_{action}": _handler(self._package, action, told) for action, told in self._answers.items()
        }
        self._point = type("Stranger", (base,), members)(self._url, self._socket, response_timeout=PATIENCE_S)
        self._reading = asyncio.create_task(self._point.start())
        return str(self._socket.subprotocol)

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        request = getattr(self._package.call, action)(**camel_to_snake_case(payload))
        try:
            answer = await self._point.call(request, suppress=False)
        except Exception as error:
            raise Refused(str(error)) from error
        members = {name: value for name, value in vars(answer).items() if value is not None}
        return dict(snake_to_camel_case(members))

    async def close(self, code: int) -> None:
        assert self._socket is not None
        assert self._reading is not None
        if code == 1000:
            await self._socket.close(1000, "done")
        elif code == 1005:
            self._socket.protocol.send_close()
            self._socket.send_data()
            await self._socket.wait_closed()
        else:
            self._socket.transport.abort()
            await self._socket.wait_closed()
        with contextlib.suppress(Exception):  # the library's reader ends in whatever ended the connection
            await self._reading


def _handler(package: Any, action: str, told: dict[str, Any]) -> Any:
    def handle(self: Any, **payload: Any) -> Any:
        return getattr(package.call_result, action)(**camel_to_snake_case(told))

    handle.__name__ = f"on_{action}"  # the package finds handlers by the names of their functions
    return on(action)(handle)


def python_point(endpoint: str, identity: str, protocol: str, answers: dict[str, Any]) -> PythonPoint:
    return PythonPoint(f"{endpoint}/{quote(identity, safe='')}", protocol, answers)
