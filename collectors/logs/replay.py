"""Runs a recorded log through the intake and a judge in memory: no server, no database, the log's own clock.

Decides what is remembered of the log to show as proof. It must never keep more than the last records and
those that a proof points at, so that a log of any length fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from collectors.decode.decoder import Decoder, decoder_for
from collectors.decode.privacy import Pseudonymiser
from collectors.intake import Intake
from collectors.logs.logfile import BadLine, LogRecord, in_order
from data.rows import Batch
from rules.core.judge import Judge
from rules.core.model import CommandUnanswered, Effect, IncidentRow, IncidentState, Observation
from rules.core.verdict.report import RecordOf

#: Records whose text is kept for proof that is found later.
RECENT = 25_000
CHUNK = 500


class _Sink:
    """Stands where an intake expects its store: numbers records and hands the batch back."""

    def __init__(self) -> None:
        self.last = 0
        self.batch = Batch(frames=[], links=[], observations=[])

    def next_record_id(self) -> int:
        self.last += 1
        return self.last

    def submit(self, batch: Batch, done: Callable[[BaseException | None], None] | None) -> None:
        self.batch = batch


class Replay:
    """Feed records, then read `incidents`. `read` counts records, `late` those too far out of order."""

    def __init__(self, judge: Judge, pseudonymiser: Pseudonymiser) -> None:
        self.judge = judge
        self.read = self.late = 0
        self.stations: set[str] = set()
        self.reached: datetime | None = None
        self._rows: dict[str, IncidentRow] = {}
        self._sink = _Sink()
        self._intake = Intake(self._sink, pseudonymiser)
        self._decoders: dict[str, Decoder] = {}
        # Two halves: forgetting one by one from the front of a dict costs more with each one forgotten.
        self._recent: dict[int, tuple[str, str]] = {}
        self._older: dict[int, tuple[str, str]] = {}
        self._kept: dict[int, tuple[str, str]] = {}

    def run(self, items: Iterable[LogRecord | BadLine], refuse: Callable[[BadLine], None]) -> None:
        """The whole log, in order of time as far as the reader's window can do it."""
        chunk: list[LogRecord] = []
        for item in in_order(items):
            if isinstance(item, BadLine):
                refuse(item)
                continue
            chunk.append(item)
            if len(chunk) >= CHUNK:
                self._take(chunk)
                chunk.clear()
        self._take(chunk)

    def advance(self, until: datetime) -> None:
        """Let time run on to `until` (aware UTC); what is due by then happens."""
        self._note(self.judge.advance(until))
        self.reached = until if self.reached is None else max(self.reached, until)

    def incidents(self, *, pending: bool) -> list[IncidentRow]:
        """Every incident that opened, by time; with `pending` also those still in their hold time."""
        return sorted(
            (
                row
                for row in self._rows.values()
                if row.opened_at is not None or (pending and row.state is IncidentState.PENDING)
            ),
            key=lambda row: (row.opened_at or row.pending_at, row.pending_at, row.key),
        )

    def record(self, record_id: int) -> tuple[str, Any] | None:
        """What a proof points at, in the words of the log format; None where it is no longer at hand."""
        found = self._kept.get(record_id)
        if found is None:
            return None
        kind, text = found
        if kind == "event":
            return kind, text
        try:
            return kind, msgspec.json.decode(text)
        except msgspec.MsgspecError:
            return kind, text

    @property
    def record_of(self) -> RecordOf:
        return self.record

    def _take(self, records: list[LogRecord]) -> None:
        batch = self._decode(records)
        for observation in self._in_time(batch.observations):
            effects = self.judge.feed(observation)
            if effects:
                self._note(effects)

    def _decode(self, records: list[LogRecord]) -> Batch:
        intake, decoders = self._intake, self._decoders
        for record in records:
            decoder = decoders.get(record.station)
            if decoder is None:
                decoder = decoders[record.station] = decoder_for(record.version)
                self.stations.add(record.station)
            elif record.version is not None and record.version != decoder.version:
                decoder.reset(record.version)
            version = record.version or decoder.version
            if record.raw is not None:
                way = record.direction or "in"
                intake.frame(record.station, version, way, record.raw, record.at, decoder)
            elif record.event == "timeout":
                intake.observed(CommandUnanswered(station=record.station, at=record.at))
            else:
                if record.event == "connected":
                    decoder.reset(record.version)
                intake.link(record.station, record.event or "disconnected", record.at, version=version)
        intake.flush()
        self.read += len(records)
        batch = self._sink.batch
        if len(self._recent) >= RECENT:
            self._older, self._recent = self._recent, {}
        recent = self._recent
        for frame in batch.frames:
            recent[frame.record_id] = ("frame", frame.raw)
        for link in batch.links:
            recent[link.record_id] = ("event", link.event)
        return batch

    def _in_time(self, observations: Iterable[Observation]) -> Iterator[Observation]:
        for seen in observations:
            if self.reached is None or seen.at >= self.reached:
                self.reached = seen.at
                yield seen
            else:  # too late to be put in order: judgement cannot go back
                self.late += 1
                yield msgspec.structs.replace(seen, at=self.reached)

    def _note(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if not isinstance(effect, IncidentRow):
                continue
            self._rows[effect.incident_id] = effect
            for proof in effect.evidence:
                number = proof.record_id
                if number is None or number in self._kept:
                    continue
                found = self._recent.get(number) or self._older.get(number)
                if found is not None:
                    self._kept[number] = found
