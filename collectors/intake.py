"""One path behind every intake: frame -> pseudonymised -> decoded -> rows and observations -> store.

Decides nothing about a station. It must never let a token reach the store before the pseudonymiser saw it,
and never tell anybody "stored" before the store said so: `flush` hands over what was recorded, and its
callback comes after the commit (or with the error that prevented it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from collectors.decode import frame as ocppj
from collectors.decode.decoder import Decoded, Decoder
from collectors.decode.frame import Frame
from collectors.decode.privacy import Pseudonymiser
from data.rows import Batch, FrameRow, LinkEventRow
from rules.core.model import Connected, Disconnected, FindingSeen, Observation

# Stations can invent actions; this many kinds are counted by name, the rest together.
MAX_COUNTED = 500


class FrameStore(Protocol):
    """What an intake needs of the store."""

    def next_record_id(self) -> int: ...

    def submit(self, batch: Batch, done: Callable[[BaseException | None], None] | None) -> None: ...


class Intake:
    """Turns frames and link events into rows and observations. One per thread: it keeps an open batch."""

    def __init__(self, store: FrameStore, pseudonymiser: Pseudonymiser) -> None:
        self.store = store
        self.pseudonymiser = pseudonymiser
        # (action, version, direction) -> frames since the start. A counter of the metrics library would cost
        # as much per frame as decoding it.
        self.counts: dict[tuple[str | None, str | None, str], int] = {}
        self._next_id = store.next_record_id
        self._batch = Batch(frames=[], links=[], observations=[])

    def frame(  # noqa: PLR0917
        self,
        station: str,
        version: str | None,
        direction: str,
        raw: str | bytes,
        at: datetime,
        decoder: Decoder,
        import_key: int | None = None,
        findings: Sequence[str] = (),
    ) -> tuple[Frame, Decoded]:
        """Record one frame received (`in`) or sent (`out`) at `at` (aware UTC).

        Returns the frame with its tokens pseudonymised and what it says. `findings` are what the transport
        already found (a binary frame, say). Nothing is durable before `flush` reports it.
        """
        frame = self.pseudonymiser.frame(ocppj.parse(raw))
        return frame, self._record(station, version, direction, frame, at, decoder, import_key, findings)

    def answered(self, station: str, version: str, reply: Frame, at: datetime, decoder: Decoder) -> None:
        """Record our own answer to a CALL: `frame` without the doubts that a station's text deserves.

        Our answers carry no token, so there is nothing to pseudonymise.
        """
        self._record(station, version, "out", reply, at, decoder, None, ())

    def _record(  # noqa: PLR0917
        self,
        station: str,
        version: str | None,
        direction: str,
        frame: Frame,
        at: datetime,
        decoder: Decoder,
        import_key: int | None,
        findings: Sequence[str],
    ) -> Decoded:
        record_id = self._next_id()
        decoded = decoder.decode(station, at, direction, frame, record_id)
        found = decoded.findings
        batch = self._batch
        if findings:
            found = (*findings, *found)
            batch.observations.extend(
                FindingSeen(station=station, at=at, record_id=record_id, finding=finding)
                for finding in findings
            )
        batch.frames.append(
            FrameRow(
                record_id=record_id,
                received_at=at,
                station=station,
                direction=direction,
                version=version,
                type=frame.type,
                message_id=frame.message_id,
                action=decoded.action,
                raw=frame.raw,
                findings=found,
                import_key=import_key,
            )
        )
        batch.observations.extend(decoded.observations)
        counted = (decoded.action, version, direction)
        known = self.counts.get(counted)
        if known is None and len(self.counts) >= MAX_COUNTED:
            counted = (None, version, direction)
            known = self.counts.get(counted)
        self.counts[counted] = (known or 0) + 1
        return decoded

    def finding(self, station: str, version: str | None, at: datetime, finding: str, detail: str) -> None:
        """Record that something arrived which could not be kept as it came (a frame too large, say)."""
        record_id = self._next_id()
        self._batch.frames.append(
            FrameRow(
                record_id=record_id,
                received_at=at,
                station=station,
                direction="in",
                version=version,
                type=None,
                message_id=None,
                action=None,
                raw="",
                findings=(finding,),
                import_key=None,
            )
        )
        self._batch.observations.append(
            FindingSeen(station=station, at=at, record_id=record_id, finding=finding, detail=detail)
        )

    def link(
        self,
        station: str,
        event: str,
        at: datetime,
        *,
        version: str | None = None,
        peer: str | None = None,
        code: int | None = None,
        reason: str | None = None,
        replaced: bool = False,
        import_key: int | None = None,
    ) -> int:
        """Record that a connection was opened (`connected`) or ended (any other event) at `at` (aware UTC).

        `code` is the close code as in RFC 6455, 1005 and 1006 included. Returns the record id.
        """
        record_id = self._next_id()
        opened = event == "connected"
        self._batch.links.append(
            LinkEventRow(
                record_id=record_id,
                at=at,
                station=station,
                event="connected" if opened else "disconnected",
                version=version,
                peer=peer,
                code=code,
                reason=reason,
                import_key=import_key,
            )
        )
        self._batch.observations.append(
            Connected(station=station, at=at, record_id=record_id, version=version, peer=peer)
            if opened
            else Disconnected(
                station=station, at=at, record_id=record_id, code=code, reason=reason, replaced=replaced
            )
        )
        return record_id

    def observed(self, observation: Observation) -> None:
        """Record an observation that no frame carries (a user's decision, say)."""
        self._batch.observations.append(observation)

    @property
    def open_records(self) -> int:
        """How many records wait for `flush`."""
        batch = self._batch
        return len(batch.frames) + len(batch.links) + len(batch.observations)

    def flush(self, done: Callable[[BaseException | None], None] | None = None) -> None:
        """Hand everything recorded so far to the store. `done` is called on the writer's thread."""
        batch, self._batch = self._batch, Batch(frames=[], links=[], observations=[])
        self.store.submit(batch, done)
