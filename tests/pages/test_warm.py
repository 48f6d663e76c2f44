"""What the dashboard prepares while it starts is there when the first visitor asks."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from pages import _warm
from pages._gate import StaticGzip
from tests.sinks import free_ports


def test_the_bundle_is_compressed_before_somebody_asks_for_it() -> None:
    served: list[str] = []
    files = Starlette(routes=[Mount("/static", StaticFiles(directory=_warm.BUNDLE / "static"))])

    async def counting(scope: Scope, receive: Receive, send: Send) -> None:
        served.append(scope["path"])
        await files(scope, receive, send)

    async def twice() -> int:
        door = StaticGzip(counting)
        await _warm.pack(door)
        first = len(served)
        await _warm.pack(door)
        return first

    first = asyncio.run(twice())
    assert first == len(served) == len(_warm.bundle())
    index = (_warm.BUNDLE / "index.html").read_text(encoding="utf-8")
    assert any(path.startswith("js/index.") and path in index for path in _warm.bundle())


def test_an_owner_that_is_down_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tmp_path / "read.token"
    token.write_text("secret", encoding="ascii")
    monkeypatch.setenv("LAADWACHT_READ_TOKEN_FILE", str(token))
    monkeypatch.setenv("LAADWACHT_READ_URL", f"quack:localhost:{free_ports(1)[0]}")
    _warm.load()
    assert set(_warm.LATE) <= set(sys.modules)
