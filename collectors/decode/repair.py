"""Reads what a broken JSON text still says.

Stations cut frames short, forget commas, put tabs into strings and text behind the closing bracket. This
reader takes all complete values it finds and names what was wrong. A value that was cut off is left out:
half a card number or half a meter reading is worse than none. It never raises and never guesses a value.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from collectors.decode import findings

MAX_DEPTH: Final = 64
"""Deeper nesting than any OCPP message; below it the text is treated as unreadable."""

_SPACE: Final = " \t\r\n\x00\ufeff"
_BARE: Final = re.compile(r"[^\s,:\[\]{}\"']+")
_STRING_PART: Final = re.compile(r"[^\"'\\\x00-\x1f]+")
_NUMBER: Final = re.compile(r"[-+]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][-+]?\d{1,4})?")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\", '"': '"'}
_WORDS: Final[dict[str, Any]] = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
    "NaN": None,
    "Infinity": None,
    "-Infinity": None,
}


class _Cut(Exception):
    """The text ended or made no sense inside a value; `value` is what was complete by then, or `_NOTHING`."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _TooDeep(Exception):
    pass


_NOTHING: Final = object()


def clean_text(text: str) -> str:
    """`text` without lone surrogates, which no UTF-8 file or database can hold."""
    return _SURROGATE.sub("\ufffd", text)


def read_broken(text: str) -> tuple[Any, tuple[str, ...]]:
    """The first array or object of `text` as far as it can be read, and findings; None if there is none."""
    reader = _Reader(text)
    start = min((i for i in (text.find("["), text.find("{")) if i >= 0), default=-1)
    if start < 0:
        return None, (findings.FRAME_UNREADABLE,)
    if text[:start].strip(_SPACE):
        reader.found[findings.JSON_LEADING_TEXT] = None
    reader.at = start
    try:
        value = reader.value(0)
        if text[reader.at :].strip(_SPACE):
            reader.found[findings.JSON_TRAILING_TEXT] = None
    except _Cut as cut:
        value = cut.value
        if findings.JSON_BROKEN not in reader.found:
            reader.found[findings.JSON_TRUNCATED] = None
    except _TooDeep:
        return None, (findings.FRAME_UNREADABLE,)
    return value, tuple(reader.found) or (findings.JSON_NOT_STANDARD,)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[str, None] = {}

    def peek(self) -> str:
        """The next character that is not space; "" at the end."""
        text, at = self.text, self.at
        while at < len(text) and text[at] in _SPACE:
            at += 1
        self.at = at
        return text[at] if at < len(text) else ""

    def value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise _TooDeep
        char = self.peek()
        if char == "{":
            return self.members(depth)
        if char == "[":
            return self.items(depth)
        if char in ('"', "'") and char:
            return self.string()
        return self.word()

    def items(self, depth: int) -> list[Any]:
        self.at += 1
        items: list[Any] = []
        comma = True
        while char := self.peek():
            if char == "]":
                self.at += 1
                return items
            if char == ",":
                self.comma_seen(comma)
                comma = True
                continue
            if not comma:
                self.found[findings.JSON_MISSING_COMMA] = None
            if char in "}:":
                raise self.broken(items)
            try:
                items.append(self.value(depth + 1))
            except _Cut as cut:
                if cut.value is not _NOTHING:
                    items.append(cut.value)
                raise _Cut(items) from None
            comma = False
        raise _Cut(items)

    def members(self, depth: int) -> dict[str, Any]:
        self.at += 1
        members: dict[str, Any] = {}
        comma = True
        while char := self.peek():
            if char == "}":
                self.at += 1
                return members
            if char == ",":
                self.comma_seen(comma)
                comma = True
                continue
            if not comma:
                self.found[findings.JSON_MISSING_COMMA] = None
            if char == "]":  # the object was never closed, the array around it is
                self.found[findings.JSON_TRUNCATED] = None
                return members
            self.member(members, depth)
            comma = False
        raise _Cut(members)

    def member(self, members: dict[str, Any], depth: int) -> None:
        if self.text[self.at] in "{[:":
            raise self.broken(members)
        try:
            key = str(self.value(depth + 1))
            colon = self.peek()
            if colon and colon != ":":
                raise self.broken(members)
            self.at += 1
            if not colon or not self.peek():
                raise _Cut(_NOTHING)
        except _Cut:
            raise _Cut(members) from None
        try:
            members[key] = self.value(depth + 1)
        except _Cut as cut:
            if cut.value is not _NOTHING:  # a list or an object that was begun keeps what was complete
                members[key] = cut.value
            raise _Cut(members) from None

    def broken(self, value: Any) -> _Cut:
        """The text makes no sense here; nothing behind this place is read."""
        self.found[findings.JSON_BROKEN] = None
        return _Cut(value)

    def comma_seen(self, double: bool) -> None:
        if double:
            self.found[findings.JSON_EXTRA_COMMA] = None
        self.at += 1

    def string(self) -> str:
        text, quote = self.text, self.text[self.at]
        if quote == "'":
            self.found[findings.JSON_NOT_STANDARD] = None
        at = self.at + 1
        parts: list[str] = []
        while at < len(text):
            if match := _STRING_PART.match(text, at):
                parts.append(match.group())
                at = match.end()
                continue
            char = text[at]
            if char == quote:
                self.at = at + 1
                return clean_text(_join_surrogates("".join(parts)))
            if char == "\\":
                at, part = self.escape(at)
                parts.append(part)
                continue
            if char not in "\"'":
                self.found[findings.JSON_CONTROL_CHARACTERS] = None
            parts.append(char)
            at += 1
        self.at = at
        raise _Cut(_NOTHING)

    def escape(self, at: int) -> tuple[int, str]:
        char = self.text[at + 1 : at + 2]
        if char in _ESCAPES:
            return at + 2, _ESCAPES[char]
        digits = self.text[at + 2 : at + 6]
        if char == "u" and len(digits) == 4 and all(d in "0123456789abcdefABCDEF" for d in digits):
            if 0xD800 <= int(digits, 16) <= 0xDFFF:
                self.found[findings.JSON_BAD_ESCAPE] = None
            return at + 6, chr(int(digits, 16))
        self.found[findings.JSON_BAD_ESCAPE] = None
        return at + 1, "\\"

    def word(self) -> Any:
        match = _BARE.match(self.text, self.at)
        if match is None:
            if self.at >= len(self.text):
                raise _Cut(_NOTHING)
            raise self.broken(_NOTHING)
        word = match.group()
        self.at = match.end()
        if self.at >= len(self.text):  # "12" may have been on its way to "1234"
            raise _Cut(_NOTHING)
        if word in _WORDS:
            if word not in {"true", "false", "null"}:
                self.found[findings.JSON_NOT_STANDARD] = None
            return _WORDS[word]
        if _NUMBER.fullmatch(word):
            return self.number(word)
        self.found[findings.JSON_NOT_STANDARD] = None
        return clean_text(word)

    def number(self, word: str) -> int | float | None:
        """The number, as far as JSON readers elsewhere can hold it: 64-bit integers and finite floats."""
        if not any(c in word for c in ".eE") and len(word) <= 20 and -(2**63) <= int(word) < 2**64:
            return int(word)
        if len(word) > 20:
            self.found[findings.JSON_NOT_STANDARD] = None
        value = float(word)
        return value if math.isfinite(value) else None


def _join_surrogates(text: str) -> str:
    """Two escapes of one character beyond the basic plane become that character."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
