"""The read door's server side: DuckDB's Quack protocol on loopback, with a token, for reading only.

Decides what a reader may run: what DuckDB's own parser takes for a SELECT, and of that nothing that touches
credentials, other statements or the server itself. Must be started before configuration is locked.
"""

from __future__ import annotations

import errno
import os
import secrets
import socket
from pathlib import Path
from time import monotonic, sleep

import duckdb

from data.errors import StoreError, StoreUnwritable
from data.extensions import load_extensions

RELEASE_S = 2.0

# json_serialize_sql refuses everything but SELECT. What is left to refuse within a SELECT: tables that hold
# credentials, every table function but the harmless ones and those a client asks when it attaches (others
# read files, run text as SQL, or start and stop servers), and scalar functions that act or look outside.
_GATE = """
CREATE OR REPLACE MACRO read_gate(session_id, query_text) AS (
    coalesce(
        json_extract_string(json_serialize_sql(query_text::VARCHAR), '$.error') = 'false'
        AND list_has_all(
            ['unnest', 'range', 'generate_series', 'json_each', 'json_tree', 'duckdb_tables', 'duckdb_views',
             'duckdb_columns', 'duckdb_schemas', 'duckdb_databases'],
            list_transform(
                json_extract_string(json_serialize_sql(query_text::VARCHAR), '$..function.function_name'),
                lambda name: lower(name)))
        AND NOT list_has_any(
            ['getenv', 'nextval', 'write_log', 'setseed', 'current_setting'],
            list_transform(
                json_extract_string(json_serialize_sql(query_text::VARCHAR), '$..function_name'),
                lambda name: lower(name)))
        AND NOT list_has_any(
            ['app_user', 'web_session', 'station_secret', 'duckdb_secrets'],
            list_transform(
                json_extract_string(json_serialize_sql(query_text::VARCHAR), '$..table_name'),
                lambda name: lower(trim(name, '"')))),
        false))
"""


class ReadServer:
    """A running Quack server. It must be stopped before the process ends, or the process hangs."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, url: str) -> None:
        self._connection = connection
        self._stopped = False
        self.url = url

    @classmethod
    def start(cls, connection: duckdb.DuckDBPyConnection, port: int, token_file: Path) -> ReadServer:
        """Serves `connection`'s database on 127.0.0.1:`port`, then locks its configuration for good.

        Raises StoreError when the port is taken.
        """
        _await_free(port)
        token = ensure_token(token_file)
        load_extensions(connection)
        connection.execute(_GATE)
        connection.execute("SET GLOBAL quack_authorization_function = 'read_gate'")
        url = f"quack:localhost:{port}"
        try:
            connection.execute("CALL quack_serve(?, token := ?)", [url, token])
        except duckdb.Error as error:
            raise StoreError(_port_trouble(port, error)) from error
        server = cls(connection, url)
        try:
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
        except duckdb.Error:
            server.stop()
            raise
        return server

    def stop(self) -> None:
        """Safe to call twice."""
        if not self._stopped:
            self._stopped = True
            self._connection.execute("CALL quack_stop(?)", [self.url])


def _await_free(port: int) -> None:
    """Quack shares a port with another server of its kind, and readers would reach either: so look first.

    A server that ended just now may hold its port for a moment: it is given `RELEASE_S` seconds.
    """
    until = monotonic() + RELEASE_S
    while True:
        try:
            _check_free(port)
        except StoreError:
            if monotonic() > until:
                raise
            sleep(0.05)
        else:
            return


def _check_free(port: int) -> None:
    """Raises StoreError when the port is taken."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                # Connections that ended a moment ago must not count as somebody listening.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as error:
            # Any other trouble is a machine without IPv6, where nobody can listen there either.
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                raise StoreError(_port_trouble(port, error)) from error


def _port_trouble(port: int, error: Exception) -> str:
    return f"port {port} for the read door cannot be used: choose another ({error})"


def ensure_token(file: Path) -> str:
    """The secret in `file`; made with mode 0600 when absent, in one step, so that nobody reads half of it."""
    try:
        return _read_token(file)
    except FileNotFoundError:
        pass
    token = secrets.token_urlsafe(32)
    scratch = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(token)
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(scratch, file)  # unlike rename, this never replaces a token another process just made
        finally:
            scratch.unlink()
    except FileExistsError:
        return _read_token(file)
    except OSError as error:
        raise StoreUnwritable(
            f"{file} cannot be written: check permissions and free space ({error})"
        ) from error
    return token


def _read_token(file: Path) -> str:
    token = file.read_text(encoding="ascii").strip()
    if not token:
        raise StoreError(f"{file} is empty: delete it and start again")
    return token
