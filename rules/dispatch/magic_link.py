"""The link in a message to an installer that works once and without a password.

Decides what a link looks like, who gets one, and that the same notice sent again carries the same link. The
stored text of a notice holds a place for it only: the link is made from the notice's key and a secret of this
data directory when the message leaves, so that neither the database nor who reads it has it. Never logged.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

from data import magic_links
from data.outbox import Claimed
from data.store import Store

# Where a link goes in a stored text, with what stands there where there is none. No text of a station can hold
# it: `wording.clean` takes square brackets away.
_PLACE = re.compile(r"\[\[/m/\|([^\]\[]*)\]\]")
TOKEN_BYTES = 20  # 160 bits, 27 characters


def place(path: str) -> str:
    """What stands for a link in a notice's stored text. `path` (/fault?id=...) is for who must sign in."""
    return f"[[/m/|{path}]]"


def without_link(text: str) -> str:
    """`text` with the links of those who must sign in."""
    return _PLACE.sub(lambda match: match.group(1), text)


class MagicLinks:
    """Makes links and tells the store that they are good. `clock` gives aware UTC. Safe from any thread."""

    def __init__(self, store: Store, key: bytes, clock: Callable[[], datetime], lasts: timedelta) -> None:
        """`key`: 16 to 64 secret bytes. `lasts`: how long a link may be used, from its last sending on."""
        self._store = store
        self._key = key
        self._clock = clock
        self._lasts = lasts

    def token(self, dedup_key: str) -> str:
        made = hashlib.blake2b(
            dedup_key.encode(), key=self._key, digest_size=TOKEN_BYTES, person=b"magic link"
        )
        return urlsafe_b64encode(made.digest()).decode().rstrip("=")

    def fill(self, notice: Claimed, installer: str, body: str) -> str:
        """`body` with the link of this notice, good from now on. Raises what the store raises."""
        if _PLACE.search(body) is None:
            return body
        token = self.token(notice.dedup_key)
        magic_links.issue(
            self._store,
            token,
            dedup_key=notice.dedup_key,
            incidents=[notice.incident_id],
            destination=notice.destination,
            party=installer,
            language=notice.language or "nl",
            expires_at=self._clock() + self._lasts,
        )
        gravest = f"id={quote(notice.incident_id, safe='')}"

        def link(match: re.Match[str]) -> str:
            asked = match.group(1).partition("?")[2]
            return f"/m/{token}" + ("" if asked == gravest else f"?{asked}")

        return _PLACE.sub(link, body)


def finisher(links: MagicLinks | None, party: str) -> Callable[[Claimed, str], str]:
    """What makes a text for `party` whole. Only installers get a link, whatever the text came with: one that
    is forwarded to the helpdesk must not let it in as the installer."""
    kind, _, name = party.partition(":")
    if links is None or kind != "installer" or not name.strip():
        return lambda _notice, body: without_link(body)
    filling, installer = links, name.strip()
    return lambda notice, body: filling.fill(notice, installer, body)
