"""A text in the three languages of the house. Decides only that Dutch stands in for a language not ours."""

from __future__ import annotations

from msgspec import Struct

LANGUAGES = ("nl", "fr", "en")


class Text(Struct, frozen=True):
    nl: str
    fr: str
    en: str

    def in_(self, language: str) -> str:
        """The text in `language`; Dutch where the language is not one of ours."""
        return str(getattr(self, language if language in LANGUAGES else "nl"))
