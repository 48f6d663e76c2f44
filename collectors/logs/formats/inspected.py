"""Objects as node prints them for people: `{ action: 'Heartbeat', payload: {} }`, back to plain values.

Decides nothing. Source: the documentation of node's `util.inspect`. What it left out (`[Object]`, `... 3 more
items`) is None, for unknown; `undefined` members are absent, as in JSON.
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.logs.logfile import Unfit

MAX_DEPTH = 60

_TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`)"
    r"|(?P<cut>\[(?:Object|Array|Circular|Function|Getter|Setter|Symbol)[^\]\n]*\](?:\s*\{\})?)"
    r"|(?P<more>\.\.\. \d+ more (?:items?|properties|property|characters?))"
    r"|(?P<date>\d{4}-\d\d-\d\dT[\d:.]+Z)"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)n?(?![\w$])"
    r"|(?P<word>[A-Za-z_$][\w$]*)"
    r"|(?P<sign>[{}\[\],:+])"
    r")",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_WORDS: Final = {"true": True, "false": False, "null": None, "NaN": None, "Infinity": None}
_ABSENT: Final = object()


def parse_inspected(text: str) -> Any:
    """The value that `text` begins with. Unfit when it is not printed in this way."""
    try:
        value = _Parser(text).value(0)
    except RecursionError:
        raise Unfit("the printed object is nested too deeply") from None
    return None if value is _ABSENT else value


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def _next(self) -> re.Match[str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise Unfit(f"no printed object: {self._text[self._at : self._at + 30]!r} makes no sense in it")
        self._at = found.end()
        return found

    def _is_next(self, sign: str) -> bool:
        found = _TOKEN.match(self._text, self._at)
        if found is None or found["sign"] != sign:
            return False
        self._at = found.end()
        return True

    def value(self, depth: int) -> Any:  # noqa: PLR0911 one return per kind of value reads best
        if depth > MAX_DEPTH:
            raise Unfit("the printed object is nested too deeply")
        found = self._next()
        if found["sign"] == "{":
            return self._members(depth)
        if found["sign"] == "[":
            return self._items(depth)
        if found["text"] is not None:
            said = _unquoted(found["text"])
            while self._is_next("+"):  # long text is printed in pieces
                said += _unquoted(self._next()["text"] or "''")
            return said
        if found["date"] is not None:
            return found["date"]
        if (number := found["number"]) is not None:
            return _number(number)
        if found["cut"] is not None or found["more"] is not None:
            return None
        word = found["word"]
        if word == "undefined":
            return _ABSENT
        if word in _WORDS:
            return _WORDS[word]
        raise Unfit(f"no printed object: {(word or found['sign'])!r} makes no sense in it")

    def _members(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while not self._is_next("}"):
            key = self._next()
            if key["more"] is not None:
                continue
            name = key["word"] or key["number"] or (_unquoted(key["text"]) if key["text"] else None)
            if name is None or not self._is_next(":"):
                raise Unfit("no printed object: a member has no name")
            value = self.value(depth + 1)
            if value is not _ABSENT:
                members[name] = value
            if not self._is_next(",") and not self._is_next("}"):
                raise Unfit("no printed object: a member has no end")
            if self._text[self._at - 1] == "}":
                return members
        return members

    def _items(self, depth: int) -> list[Any]:
        items: list[Any] = []
        while not self._is_next("]"):
            value = self.value(depth + 1)
            items.append(None if value is _ABSENT else value)
            if self._is_next(","):
                continue
            if self._is_next("]"):
                return items
            raise Unfit("no printed object: a list has no end")
        return items


def _unquoted(text: str) -> str:
    def replaced(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) > 1:
            return chr(int(code[1:], 16))
        return _ESCAPED.get(code, code)

    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    # A pair of escapes may stand for one character; one alone could not be stored.
    return _ESCAPE.sub(replaced, inner).encode("utf-16", "surrogatepass").decode("utf-16", errors="replace")


def _number(text: str) -> int | float | None:
    if not any(sign in text for sign in ".eE"):
        return int(text) if len(text) <= 20 else float(text)
    value = float(text)
    return value if abs(value) != float("inf") else None
