"""The link in a message to an installer that works once and without a password.

Decides what a link looks like, who gets one, and that the same notice sent again carries the same link. A
notice is stored with links for who signs in; they become this one when the message leaves, made from the
notice's key and a secret of this data directory, so that neither the database nor who reads it has it. Never
logged.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote, unquote

from data import magic_links
from data.outbox import Claimed
from data.store import Store

TOKEN_BYTES = 20  # 160 bits, 27 characters


class MagicLinks:
    """Makes links and tells the store that they are good. `clock` gives aware UTC. Safe from any thread."""

    def __init__(
        self,
        store: Store,
        key: bytes,
        clock: Callable[[], datetime],
        *,
        dashboard_url: str,
        lasts: timedelta,
    ) -> None:
        """`key`: 16 to 64 secret bytes. `lasts`: how long a link may be used, from its last sending on.
        `dashboard_url`: as in messages."""
        self._store = store
        self._key = key
        self._clock = clock
        self._lasts = lasts
        self._url = dashboard_url.rstrip("/")
        # No text of a station looks like this: `wording.clean` takes addresses apart.
        self._plain = re.compile(re.escape(self._url) + r"/fault\?id=([\w%.~-]+)")

    def token(self, dedup_key: str) -> str:
        made = hashlib.blake2b(
            dedup_key.encode(), key=self._key, digest_size=TOKEN_BYTES, person=b"magic link"
        )
        return urlsafe_b64encode(made.digest()).decode().rstrip("=")

    def fill(self, notice: Claimed, installer: str, body: str) -> str:
        """`body` with the link of this notice, good from now on. Raises what the store raises."""
        told = [unquote(asked) for asked in self._plain.findall(body)]
        if not told:
            return body
        token = self.token(notice.dedup_key)
        incidents = list(dict.fromkeys([notice.incident_id, *told]))
        magic_links.issue(
            self._store,
            token,
            dedup_key=notice.dedup_key,
            incidents=incidents,
            destination=notice.destination,
            party=installer,
            language=notice.language or "nl",
            expires_at=self._clock() + self._lasts,
        )

        def link(match: re.Match[str]) -> str:
            asked = unquote(match.group(1))
            return f"{self._url}/m/{token}" + (f"?id={quote(asked, safe='')}" if len(incidents) > 1 else "")

        return self._plain.sub(link, body)


def finisher(links: MagicLinks | None, party: str) -> Callable[[Claimed, str], str]:
    """What a text for `party` becomes when it leaves. Only installers get a link: a message of theirs that is
    forwarded to the helpdesk must not let it in as the installer."""
    kind, _, name = party.partition(":")
    if links is None or kind != "installer" or not name.strip():
        return lambda _notice, body: body
    filling, installer = links, name.strip()
    return lambda notice, body: filling.fill(notice, installer, body)
