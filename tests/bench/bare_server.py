"""The yardstick: a central system as the `ocpp` package's own example writes it. It stores nothing.

`python -m tests.bench.bare_server PORT`
"""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action, RegistrationStatus


class Central(ChargePoint):
    @on(Action.boot_notification)
    def on_boot(self, **_payload: Any) -> call_result.BootNotification:
        return call_result.BootNotification(
            current_time=datetime.now(UTC).isoformat(), interval=300, status=RegistrationStatus.accepted
        )

    @on(Action.heartbeat)
    def on_heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(current_time=datetime.now(UTC).isoformat())

    @on(Action.status_notification)
    def on_status(self, **_payload: Any) -> call_result.StatusNotification:
        return call_result.StatusNotification()


async def serve_station(connection: Any) -> None:
    station = Central(connection.request.path.strip("/"), connection)
    try:
        await station.start()
    except websockets.ConnectionClosed:
        return


async def main(port: int) -> None:
    logging.getLogger("ocpp").setLevel(logging.WARNING)
    async with websockets.serve(serve_station, "127.0.0.1", port, subprotocols=["ocpp1.6"]) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
