"""Foreign text made harmless, and instants as a reader in Belgium says them.

Text that came from a station is data: one line, without markup or links of its own, and capped, so that a
charger cannot write an installer's mail.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta

BRUSSELS = ZoneInfo("Europe/Brussels")
MAX_VALUE = 160  # characters of one piece of foreign text

# Control characters, and the invisible ones that hide or reverse text (bidi marks, zero width, tags).
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff"
    r"\ud800-\udfff\U000e0000-\U000e007f]+"
)
# Characters with which mail clients and chat services make links, mentions and formatting.
_HARMLESS = str.maketrans(
    {"<": "‹", ">": "›", "[": "(", "]": ")", "`": "'", "@": "(at)", "*": "·", "|": "¦", "{": "(", "}": ")"}
)
_LOCALES = {"fr": "fr_BE", "en": "en_GB"}


def clean(value: object, limit: int = MAX_VALUE) -> str:
    """Foreign text on one line, harmless in plain text and in chat markup, at most `limit` characters."""
    text = " ".join(_UNSEEN.sub(" ", str(value)).split())
    text = text.translate(_HARMLESS).replace("://", ": //")
    return capped(text, limit)


def capped(text: str, limit: int) -> str:
    """At most `limit` characters, an ellipsis last where something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def locale_of(language: str) -> str:
    return _LOCALES.get(language, "nl_BE")


def when(at: datetime, language: str) -> str:
    """`woensdag 22 juli 2026, 18:40`, Belgian time."""
    return _shown(at, "EEEE d MMMM y, HH:mm", language)


def when_short(at: datetime, language: str) -> str:
    """`22/07 18:40`, Belgian time."""
    return _shown(at, "dd/MM HH:mm", language)


def when_exact(at: datetime, language: str) -> str:
    """`22/07 18:40:12`, Belgian time."""
    return _shown(at, "dd/MM HH:mm:ss", language)


def lasted(span: timedelta, language: str) -> str:
    """`3 uur`."""
    return format_timedelta(span, threshold=1.5, locale=locale_of(language))


def _shown(at: datetime, style: Any, language: str) -> str:
    return format_datetime(at, style, tzinfo=BRUSSELS, locale=locale_of(language))
