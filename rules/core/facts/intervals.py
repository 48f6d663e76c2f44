"""Connector states over time. A state is dated by our receipt and lasts until the next report.

Decides nothing about faults. Before the first report there is no row: that time is unknown, not available.
"""

from __future__ import annotations

from datetime import datetime

from rules.core.model import Effect, IntervalRow, StatusReported
from rules.core.state import ConnectorState


def connector_key(evse: int, connector: int) -> str:
    return f"{evse}/{connector}"


def row_of(station: str, conn: ConnectorState, ended_at: datetime | None = None) -> IntervalRow:
    return IntervalRow(
        station=station,
        evse=conn.evse,
        connector=conn.connector,
        started_at=conn.since,
        status=conn.status,
        ended_at=ended_at,
        error_code=conn.error_code,
        vendor_error=conn.vendor_error,
        info=conn.info,
    )


def report(
    obs: StatusReported, conn: ConnectorState | None, at: datetime, out: list[Effect]
) -> ConnectorState:
    """Take in one report: close the interval before it where something changed, and open the next."""
    if conn is None:
        conn = ConnectorState(
            evse=obs.evse,
            connector=obs.connector,
            status=obs.status,
            since=at,
            error_code=obs.error_code,
            vendor_error=obs.vendor_error,
            info=obs.info,
        )
        out.append(row_of(obs.station, conn))
        return conn
    same = (
        conn.status is obs.status
        and conn.error_code == obs.error_code
        and conn.vendor_error == obs.vendor_error
    )
    if same:
        return conn
    if at > conn.since:
        out.append(row_of(obs.station, conn, at))
        conn.since = at
    conn.status = obs.status
    conn.error_code = obs.error_code
    conn.vendor_error = obs.vendor_error
    conn.info = obs.info
    out.append(row_of(obs.station, conn))
    return conn
