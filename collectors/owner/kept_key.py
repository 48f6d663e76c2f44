"""Secret keys of a data directory: made once, kept beside the database.

Decides their length and who may read them. Must never replace a key that is there.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from collectors.owner.error import OwnerError

KEY_BYTES = 32


def kept_key(file: Path) -> bytes:
    """A secret of this data directory, made on first use and readable by this user only; part of a backup.

    Losing that of the pseudonyms means that cards seen before can no longer be recognised.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
        if len(key) < 16:
            raise OwnerError(f"{file} holds no usable key: restore it from a backup") from None
        return key
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        key = secrets.token_bytes(KEY_BYTES)
        out.write(key.hex())
        out.flush()
        os.fsync(out.fileno())
    return key
