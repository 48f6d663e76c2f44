"""Where notices go: one destination is one name, one party and one Apprise URL.

Decides whether a configured destination can work at all, before anything is sent. Never prints, logs or
returns a URL or any part of it: a URL holds passwords and tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from rules.dispatch import apprise_target
from rules.dispatch.message import Addressee

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_PARTY = re.compile(r"operator|(installer|customer):\S.*")
_CHANNELS = {"mailto": "mail", "mailtos": "mail", "ntfys": "ntfy"} | dict.fromkeys(
    ("json", "jsons", "form", "forms", "xml", "xmls"), "webhook"
)
_LANGUAGES = ("nl", "fr", "en")
_FORMS = ("auto", "full", "short")


class DestinationConfig(Struct, frozen=True, kw_only=True):
    """One destination. `timeout_s` seconds bound one attempt; `url` is secret and left out of `repr`.

    `party` is `operator`, `installer:<name as in the register>` or `customer:<name>`. `form`: full, short, or
    auto: short for SMS and push services, full elsewhere.
    """

    name: str
    party: str
    url: str
    language: str = "nl"
    timeout_s: float = 15.0
    form: str = "auto"

    def __repr__(self) -> str:
        return f"DestinationConfig(name={self.name!r}, party={self.party!r}, language={self.language!r})"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("name", self.name), ("party", self.party), ("language", self.language)]


def addressee_of(config: DestinationConfig) -> Addressee:
    """How this destination reads."""
    carries = apprise_target.capacity(config.url)
    short = None if config.form == "full" else carries.short
    if config.form == "short" and short is None:
        short = apprise_target.PUSH_CHARACTERS
    return Addressee(language=config.language, short=short, payload=carries.payload)


def channel_of(url: str) -> str:
    """The kind of service behind a URL, for the proof of notice: its scheme, or the usual word for it."""
    scheme = url.partition("://")[0].strip().lower()
    return _CHANNELS.get(scheme, scheme)


def check(configs: Sequence[DestinationConfig]) -> list[str]:
    """Every mistake in `configs`, one sentence each with destination and remedy. Empty: all good."""
    errors: list[str] = []
    seen: set[str] = set()
    for config in configs:
        where = f"destination '{config.name}'"
        if not _NAME.fullmatch(config.name):
            errors.append(
                f"{where}: the name is unusable; use 1 to 40 of a-z, 0-9, '-' and '_', no dash first"
            )
        if config.name in seen:
            errors.append(f"{where}: the name is used twice; give each destination its own name")
        seen.add(config.name)
        if not _PARTY.fullmatch(config.party):
            errors.append(
                f"{where}: the party is unknown; write 'operator', 'installer:<name>' or 'customer:<name>'"
            )
        if config.language not in _LANGUAGES:
            errors.append(f"{where}: the language is unknown; choose one of {', '.join(_LANGUAGES)}")
        if config.form not in _FORMS:
            errors.append(f"{where}: the form is unknown; choose one of {', '.join(_FORMS)}")
        if not 1.0 <= config.timeout_s <= 120.0:
            errors.append(f"{where}: timeout_s must lie between 1 and 120 seconds")
        errors += [f"{where}: {problem}" for problem in apprise_target.url_problems(config.url)]
    return errors
