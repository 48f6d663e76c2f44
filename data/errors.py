"""What can go wrong with the store, as types. Decides nothing.

    StoreError
    ├── StoreLocked       another process (or this one) has the file open
    ├── StoreTooNew       written by a later version of Laadwacht or DuckDB
    ├── StoreUnwritable   the place cannot be written, or is full
    ├── StoreCorrupt      not a database, damaged, or its schema was altered by hand
    └── StoreClosed       used after `close`
    OwnerDown             the owner process does not answer the read door
    QueryRefused          a query that the asking role may not run, or with wrong inputs

Every message names the file and the remedy: it is shown to a person as it is.
"""

from __future__ import annotations


class StoreError(Exception):
    """The database file cannot be used; the message names the file and the remedy."""


class StoreLocked(StoreError):
    pass


class StoreTooNew(StoreError):
    pass


class StoreUnwritable(StoreError):
    pass


class StoreCorrupt(StoreError):
    pass


class StoreClosed(StoreError):
    pass


class OwnerDown(ConnectionError):
    """The owner process does not answer: a state that pages show, not a programming error."""


class QueryRefused(Exception):
    """The role may not run this query, or its inputs do not match its header."""
