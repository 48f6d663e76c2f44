"""Takes a recorded log in: the intake, decoder, rules and tables of live traffic, at the log's own clock.

Decides what is new and which judge hears it. It must never disturb live judgement: a log is judged by a judge
of its own, and only what that judge says is written. A record that is stored already is not stored again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from collectors.decode.decoder import Decoder, decoder_for
from collectors.decode.privacy import Pseudonymiser
from collectors.intake import Intake
from collectors.logs.import_end import LogEnd
from collectors.logs.import_keys import ImportKeys, give_keys
from collectors.logs.import_memory import Heard, HeldEffects
from collectors.logs.logfile import BadLine, LogRecord, in_order
from data.imports import keep_imported, known_stations, move_first_seen, stored_records
from data.rows import Batch
from data.store import Store
from rules.core.catalog.entries import Catalog
from rules.core.judge import Judge
from rules.core.model import Asset, Effect, Observation, StationRow
from rules.core.policy import Policy
from rules.core.routing.route import Destination

BATCH = 25_000
BAD_LINES_TOLD = 50

MakeJudge = Callable[[bytes | None], Judge]


class ImportReport(Struct, frozen=True, kw_only=True):
    """What became of a log. `read` counts records, `bad` lines that are none; `late` records came too far out
    of order and were judged at the time reached. `bad_lines` holds the first fifty."""

    read: int = 0
    stored: int = 0
    already_there: int = 0
    bad: int = 0
    late: int = 0
    stations: int = 0
    first: datetime | None = None
    last: datetime | None = None
    bad_lines: tuple[BadLine, ...] = ()


def judges(
    catalog: Catalog,
    register: Mapping[str, Asset],
    policy: Policy,
    destinations: Sequence[Destination],
    *,
    tell: bool = False,
) -> MakeJudge:
    """Makes the judge of an import. Its notices are suppressed as `imported` unless `tell`."""

    def make(state: bytes | None) -> Judge:
        return Judge(catalog, register, policy, destinations, state, imported=not tell)

    return make


def import_log(
    records: Iterable[LogRecord | BadLine],
    store: Store,
    pseudonymiser: Pseudonymiser,
    make_judge: MakeJudge,
    *,
    own_past: bool = False,
    settle_s: float = 299.0,
    progress: Callable[[ImportReport], None] | None = None,
) -> ImportReport:
    """Stores and judges a log; returns what became of it. May run in a thread beside live traffic.

    Normally the log is judged apart. After its last record its clock runs on for `settle_s` seconds, just
    less than the least offline limit, so that what was wrong at the end gets its hold time.

    `own_past` (only with a store that no owner process runs on): the log is this installation's own past, and
    judgement goes on from it: its state is kept as the live one. ValueError when the store was judged beyond
    the log's first new record already.

    Raises what the store raises; what was committed before stays, and the same log again completes it.
    """
    chunk: list[LogRecord] = []
    with ThreadPoolExecutor(1, "import-writer") as pool:
        work = _Import(store, pool, pseudonymiser, make_judge, own_past=own_past)
        for item in in_order(records):
            if isinstance(item, BadLine):
                work.refuse(item)
                continue
            chunk.append(item)
            if len(chunk) >= BATCH:
                work.take(chunk)
                chunk = []
                if progress is not None:
                    progress(work.report())
        work.take(chunk)
        work.finish(settle_s)
    report = work.report()
    if progress is not None:
        progress(report)
    return report


class _Ids:
    """Stands where an intake expects its store: gives record ids and takes the open batch back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.batch = Batch(frames=[], links=[], observations=[])

    def next_record_id(self) -> int:
        return self._store.next_record_id()

    def submit(self, batch: Batch, done: Callable[[BaseException | None], None] | None) -> None:
        self.batch = batch


class _Import:
    def __init__(
        self,
        store: Store,
        pool: ThreadPoolExecutor,
        pseudonymiser: Pseudonymiser,
        make_judge: MakeJudge,
        *,
        own_past: bool,
    ) -> None:
        self._store = store
        self._pool = pool
        self._pending: Future[None] | None = None
        self._ids = _Ids(store)
        self._intake = Intake(self._ids, pseudonymiser)
        self._make_judge = make_judge
        self._own_past = own_past
        self._judge: Judge | None = None
        # What is made of records that were stored before, until it is clear whether anything new follows.
        self._held = HeldEffects()
        self._anything_new = False
        self._known = known_stations(store)
        self._decoders: dict[str, Decoder] = {}
        self._end = LogEnd()
        self._keys = ImportKeys()
        self._reached: datetime | None = None
        self._last: datetime | None = None
        self._heard = Heard()
        self._bad: list[BadLine] = []
        self._read = self._stored = self._bad_count = self._late = 0
        self._cursor = 0
        self._first: datetime | None = None

    def refuse(self, line: BadLine) -> None:
        self._bad_count += 1
        if len(self._bad) < BAD_LINES_TOLD:
            self._bad.append(line)

    def report(self) -> ImportReport:
        return ImportReport(
            read=self._read,
            stored=self._stored,
            already_there=self._read - self._stored,
            bad=self._bad_count,
            late=self._late,
            stations=len(self._decoders),
            first=self._first,
            last=self._last,
            bad_lines=tuple(self._bad),
        )

    def take(self, records: Sequence[LogRecord]) -> None:
        """One batch: decoded, told from what is known, judged and committed."""
        if not records:
            return
        batch = self._decode(records)
        self.settle()
        keys = self._keys.of(batch, records)
        known = self._stored_under(keys)
        new = batch
        if known:
            new = Batch(
                frames=[row for row in batch.frames if row.record_id not in known],
                links=[row for row in batch.links if row.record_id not in known],
                observations=[seen for seen in batch.observations if seen.record_id not in known],
            )
        give_keys(new, keys)
        self._read += len(records)
        self._stored += len(records) - len(known)
        self._note(records)
        effects = self._judged(batch.observations, new, keys, known)
        if self._own_past:
            if new.size() or effects:
                self._keep(new, effects, self._snapshot())
        elif new.size() or effects:
            self._keep(new, self._kept_apart(effects))

    def finish(self, settle_s: float) -> None:
        """The log is over."""
        self.settle()
        if self._judge is None or self._reached is None or self._own_past or not self._anything_new:
            return
        until = self._reached + timedelta(seconds=settle_s)
        effects = self._judge.advance(until)
        self._end.saw(effects)
        nothing = Batch(frames=[], links=[], observations=[])
        self._keep(nothing, self._kept_apart(effects))
        self.settle()
        overtaken = {
            station
            for station, known in self._known.items()
            if known.last_seen_at > self._end.last_of(station)
        }
        self._keep(nothing, self._end.closing(overtaken, until))
        self.settle()
        move_first_seen(
            self._store, {name: self._end.first_of(name) for name in overtaken & self._decoders.keys()}
        )

    def settle(self) -> None:
        """Waits for the batch on its way to the disk. Raises what prevented it."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def _keep(
        self, batch: Batch, effects: Sequence[Effect], snapshot: tuple[int, datetime, bytes] | None = None
    ) -> None:
        # The next batch is decoded meanwhile; nothing is judged before this one is kept, because the judge
        # may go on changing the rows it gave.
        self._pending = self._pool.submit(keep_imported, self._store, batch, effects, snapshot=snapshot)

    # --- steps ---

    def _decode(self, records: Sequence[LogRecord]) -> Batch:
        intake, decoders = self._intake, self._decoders
        for record in records:
            decoder = decoders.get(record.station)
            if decoder is None:
                decoder = decoders[record.station] = decoder_for(record.version)
            elif record.version is not None and record.version != decoder.version:
                decoder.reset(record.version)
            if record.raw is not None:
                intake.frame(
                    record.station,
                    record.version or decoder.version,
                    record.direction or "in",
                    record.raw,
                    record.at,
                    decoder,
                )
                continue
            if record.event == "connected":
                decoder.reset(record.version)
            intake.link(
                record.station,
                record.event or "disconnected",
                record.at,
                version=record.version or decoder.version,
            )
        intake.flush()
        return self._ids.batch

    def _stored_under(self, keys: Mapping[int, int]) -> dict[int, int]:
        """Record id given now -> the id it is stored under already, or came under earlier in this batch."""
        stored = stored_records(self._store, list(keys.values()))
        first_of: dict[int, int] = {}
        known: dict[int, int] = {}
        for record_id, key in keys.items():
            place = stored.get(key, first_of.setdefault(key, record_id))
            if place != record_id:
                known[record_id] = place
        return known

    def _note(self, records: Sequence[LogRecord]) -> None:
        if self._first is None:
            self._first = self._last = records[0].at
        for record in records:
            if self._last is None or record.at >= self._last:
                self._last = record.at
            else:
                self._late += 1
        self._end.heard(records)

    def _judged(
        self, observations: list[Observation], new: Batch, keys: dict[int, int], known: dict[int, int]
    ) -> list[Effect]:
        """What the judge says. Apart, it hears the whole log, so that it knows what came before the new;
        as own past, live judgement has heard the known records and hears only what is new."""
        heard = new.observations if self._own_past else self._unheard(observations, keys, known)
        self._anything_new = self._anything_new or bool(new.frames or new.links)
        if self._judge is None:
            if self._own_past and not self._anything_new:
                return []
            self._judge = self._start(new)
        effects = self._fed(self._judge, heard)
        self._end.saw(effects)
        if not self._anything_new:
            self._held.add(effects)
            return []
        return [*self._held.release(), *effects]

    def _fed(self, judge: Judge, heard: Iterable[Observation]) -> list[Effect]:
        effects: list[Effect] = []
        # Every sign of life gives a row of its station: the last says all that those before it said.
        stations: dict[str, Effect] = {}
        reached, cursor = self._reached, self._cursor
        for seen in heard:
            observation = seen
            if reached is None or seen.at >= reached:
                reached = seen.at
            else:
                # Too late to be put in order: the row keeps its time, judgement cannot go back.
                observation = msgspec.structs.replace(seen, at=reached)
            cursor = max(cursor, seen.record_id)
            for effect in judge.feed(observation):
                if type(effect) is StationRow:
                    stations[effect.station] = effect
                else:
                    effects.append(effect)
        self._reached, self._cursor = reached, cursor
        effects.extend(stations.values())
        return effects

    def _unheard(
        self, observations: Iterable[Observation], keys: dict[int, int], known: dict[int, int]
    ) -> list[Observation]:
        """Without records that this log held before, and under the ids by which they are stored."""
        repeated = {record_id for record_id in keys if self._heard.again(known.get(record_id, record_id))}
        return [_placed(seen, known) for seen in observations if seen.record_id not in repeated]

    def _start(self, new: Batch) -> Judge:
        if not self._own_past:
            return self._make_judge(None)
        saved = self._store.snapshot()
        if saved is None:
            return self._make_judge(None)
        cursor, judged_until, state = saved
        starts = min([*(frame.received_at for frame in new.frames), *(link.at for link in new.links)])
        if starts < judged_until:
            raise ValueError(
                f"this store is judged until {judged_until.isoformat()} and what is new in the log begins at"
                f" {starts.isoformat()}: it cannot be its own past any more; import it apart"
            )
        self._cursor = cursor
        return self._make_judge(state)

    def _snapshot(self) -> tuple[int, datetime, bytes] | None:
        if self._judge is None or self._reached is None:
            return None
        return self._cursor, self._reached, self._judge.state()

    def _kept_apart(self, effects: Sequence[Effect]) -> list[Effect]:
        """Without rows that would overwrite what is known of a station by something older."""
        kept: list[Effect] = []
        for effect in effects:
            if not isinstance(effect, StationRow):
                kept.append(effect)
            elif (known := self._known.get(effect.station)) is None or (
                known.last_seen_at <= effect.last_seen_at
            ):
                # Connected then says nothing about now: unknown.
                kept.append(msgspec.structs.replace(effect, connected=None))
        return kept


def _placed(seen: Observation, known: Mapping[int, int]) -> Observation:
    place = known.get(seen.record_id)
    return seen if place is None else msgspec.structs.replace(seen, record_id=place)
