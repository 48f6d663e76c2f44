"""What the readers of text logs share: lines, instants in a zone, frames that go over several lines.

Decides where a log entry begins and ends, never what it means. No content makes it raise, and it never holds
more than one entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import NamedTuple

import msgspec
from msgspec import Struct

from collectors.logs.formats.encoded import text_of
from collectors.logs.logfile import BYTE_ORDER_MARK, MAX_LINE, Unfit, parse_time, split_lines

#: Lines of one frame; no station prints more.
MAX_LINES = 10_000
#: Instants at a line's begin: those of carriers, then the log's own.
MAX_STAMPS = 5

# As a terminal gets them, as a journal or a pager shows them, and what is left of them in a copy.
_COLOUR = re.compile(r"(?:\x1b|#033|\^\[)\[[0-9;]*m|^\[\d{1,2}(?:;\d{1,2})*m|\[0?m\s*$")
# One line of a container's log file (`/var/lib/docker/containers`).
_DOCKER = '{"log":"'
_docker_line = msgspec.json.Decoder(dict[str, str]).decode
# What `journalctl`, `kubectl logs --timestamps` or `docker logs -t` put before every line.
_CARRIER = re.compile(
    r"(?:[^\W\d_]{3,4}\.? +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?|"
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r" (?:\S+ [\w@./-]+(?:\[\d+\])?: )?"
)
# `docker compose logs` puts the container's name and a bar before every line.
_CONTAINER = re.compile(r"[A-Za-z0-9][\w.-]*\s*\| ?(?=[\s\[\d{}(])")
STAMP = (
    r"(?P<date>\d{4}[-/]\d\d[-/]\d\d)[T \t,]+(?P<time>\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)"
    r"\s?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
#: An instant of a spreadsheet or a database, without a zone.
LOCAL = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?")
_STAMP = re.compile(STAMP)
_BEGINS = re.compile(rf"\W{{0,3}}(?:[A-Z]{{4,5}}\s*\]?\s+)?{STAMP}")


class LogFormatError(Exception):
    """The log cannot be read as asked. The message says what is missing, and what to add to the command."""


class Reading(Struct, frozen=True, kw_only=True):
    """What the reader of a log is told beside the log. `station` is for logs that name none, `zone` for times
    without one, `begin` (aware) for logs whose lines have no date or no time at all. `mend`: lines of our own
    format that lack a time or a direction are kept all the same (for judging; nothing of it is stored)."""

    station: str | None = None
    zone: tzinfo = UTC
    begin: datetime | None = None
    mend: bool = False


class Entry(NamedTuple):
    """`line` counts from 1; `head` is the match that began the entry; `text` the frame over all its lines."""

    line: int
    head: re.Match[str]
    text: str


class Skipped(NamedTuple):
    """An entry that cannot be kept."""

    line: int
    reason: str


def text_lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, str | None]]:
    """Numbered lines without their end; None for one too long. Bytes that are no UTF-8 are Windows-1252."""
    number = 0
    for found in split_lines(chunks):
        number += 1
        if found is None:
            yield number, None
            continue
        line = found.removeprefix(BYTE_ORDER_MARK) if number == 1 else found
        yield number, text_of(line.removesuffix(b"\r"))


def without_console(line: str) -> str:
    """Without terminal colours, and without what Docker puts around or before every line."""
    if line.startswith(_DOCKER):
        line = _unpacked(line)
    if "\x1b" in line or "[0m" in line or "#033[" in line or "^[[" in line:
        line = _COLOUR.sub("", line)
    if "|" in line and (prefix := _CONTAINER.match(line)):
        return line[prefix.end() :]
    return line


def _unpacked(line: str) -> str:
    """What a program printed, behind Docker's time when it printed none itself."""
    try:
        said = _docker_line(line)
    except (msgspec.MsgspecError, UnicodeError):
        return line
    text = said["log"].rstrip("\r\n")
    return f"{said.get('time', '')} {text}" if text[:1].isalpha() and not _STAMP.search(text) else text


def _carried(line: str) -> str | None:
    """The rest of a line behind the time of a journal or a container; None without one."""
    carrier = _CARRIER.match(line)
    return None if carrier is None else line[carrier.end() :]


def begin_of(head: re.Pattern[str], line: str) -> re.Match[str] | None:
    """Where an entry begins in `line`: at its begin or at one of its first instants. Tried at every instant
    of a long line, `head` would read the rest of the line as often."""
    begun = head.match(line)
    for stamp in () if begun is not None else islice(_STAMP.finditer(line), MAX_STAMPS):
        begun = head.match(line, stamp.start())
        if begun is not None:
            break
    return begun


def entries(chunks: Iterable[bytes], head: re.Pattern[str]) -> Iterator[Entry | Skipped]:
    """Entries that begin with `head`; a frame in its group `frame` may go on over the lines that follow.

    Lines about something else are passed over: these logs hold more than frames.
    """
    open_entry: tuple[int, re.Match[str]] | None = None
    parts: list[str] = []
    size = 0
    carried = False
    for number, found in text_lines(chunks):
        if found is None:
            yield Skipped(number, f"the line is longer than {MAX_LINE} bytes")
            open_entry = None
            continue
        line = without_console(found)
        begun = begin_of(head, line)
        if carried and begun is None and (rest := _carried(line)) is not None:
            line = rest
        if begun is None and open_entry is None:
            continue
        if begun is not None or _BEGINS.match(line):
            if open_entry is not None:
                yield Entry(*open_entry, "\n".join(parts))
                open_entry = None
            if begun is None:
                continue
            text = begun.groupdict().get("frame") or ""
            if not text or is_whole(text):
                yield Entry(number, begun, text)
                continue
            open_entry, parts, size = (number, begun), [text], len(text)
            carried = (rest := _carried(line)) is not None and _BEGINS.match(rest) is not None
            continue
        if open_entry is None:
            continue
        parts.append(line)
        size += len(line)
        if size > MAX_LINE or len(parts) > MAX_LINES:
            yield Skipped(open_entry[0], "the frame that begins here has no end")
            open_entry = None
        elif line.rstrip().endswith("]") and is_whole("\n".join(parts)):
            yield Entry(*open_entry, "\n".join(parts))
            open_entry = None
    if open_entry is not None:
        yield Entry(*open_entry, "\n".join(parts))


def is_whole(text: str) -> bool:
    """Whether a frame's text ends here: it closes, and nothing that it opened is left open."""
    return text.rstrip().endswith("]") and text.count("[") <= text.count("]")


class LocalClock:
    """Instants of one log. In the hour that a clock goes back over twice, the log's order decides which."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._last: datetime | None = None

    def at(self, found: re.Match[str]) -> datetime:
        """Aware UTC, of the groups `date`, `time` and `zone`. Unfit when they are no instant."""
        date = found["date"].replace("/", "-")
        return self.of(f"{date}T{found['time'].replace(',', '.')}", found["zone"])

    def of(self, text: str, zone: str | None) -> datetime:
        if zone:
            return parse_time(text + zone)
        try:
            local = datetime.fromisoformat(text)
        except ValueError:
            raise Unfit(f"{text[:40]!r} is no time") from None
        if not 1971 <= local.year <= 9997:
            raise Unfit(f"{text[:40]!r} is no time of a log")
        local = local.replace(tzinfo=self._zone)
        at = local.astimezone(UTC)
        last = self._last
        if last is not None and at < last - timedelta(minutes=1):
            second = local.replace(fold=1).astimezone(UTC)
            # Within the repeated hour only; a log that simply goes back in time is left as it is.
            if second != at and second >= last - timedelta(minutes=1):
                at = second
        self._last = at
        return at
