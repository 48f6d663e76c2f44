"""What the first visitor would otherwise wait for, done while the dashboard starts: late imports, the
catalogue, the read door's attachment, the bundle's compression.

Decides nothing and delays nobody: all of it runs beside the server, and what fails here is met again, and
shown, by whoever asks. Never asks for rows of a party.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import streamlit
from starlette.types import ASGIApp, Message

from data.errors import OwnerDown
from data.scope import HELPDESK
from pages import _read
from pages._texts import LANGUAGES, Words

BUNDLE = Path(streamlit.__file__).parent / "static"
# Charts, maps and editors, loaded by those who open one.
RARE_BYTES = 1_000_000
# Streamlit loads these when a script first shows a picture, a choice or a table.
LATE = (
    "PIL.Image",
    "streamlit.emojis",
    "streamlit.material_icon_names",
    "pandas",
    "pyarrow",
    "streamlit.elements.arrow",
)


@asynccontextmanager
async def warmed(app: ASGIApp) -> AsyncIterator[None]:
    """A lifespan of the dashboard. Daemon and task: neither may keep it from ending."""
    threading.Thread(target=load, name="warm-up", daemon=True).start()
    packing = asyncio.create_task(pack(app))
    yield
    packing.cancel()


def load() -> None:
    """Imports, reads and attaches. An owner that is down is left to the visitor's own question."""
    ours = sorted(path.stem for path in Path(__file__).parent.glob("_[a-z]*.py"))
    for name in (*LATE, *(f"pages.{stem}" for stem in ours if stem != "_shell")):  # the shell is a script
        import_module(name)
    for language in LANGUAGES:
        words, now = Words(language), datetime.now(UTC)
        _ = (words.ago(now, now), words.when(now), words.day(now), words.percent(1.0), words("menu.language"))
    try:
        _read.query("fleet_freshness", HELPDESK, {})
    except OwnerDown:
        return


async def pack(app: ASGIApp) -> None:
    """Asks for the bundle as a browser would, so that the door has it compressed."""
    for path in bundle():
        await app(_asked(f"/static/{path}"), _nothing_more, _unread)


def bundle() -> list[str]:
    """The files that pages load, smallest first, as the browser names them below /static/."""
    found = [path for kind in ("js", "css") for path in (BUNDLE / "static" / kind).glob(f"*.{kind}")]
    sizes = {path: path.stat().st_size for path in found}
    return [
        path.relative_to(BUNDLE / "static").as_posix()
        for path in sorted(found, key=lambda one: sizes[one])
        if sizes[path] < RARE_BYTES
    ]


def _asked(path: str) -> dict[str, object]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"accept-encoding", b"gzip")],
        "client": None,
        "server": ("localhost", 80),
    }


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _unread(message: Message) -> None:
    del message
