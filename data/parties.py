"""Names of installers and customers: which are known, and the one that was probably meant.

Decides by the register and by the names that configuration gives; a name is known only as it is written,
for what a person may see depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from data.store import Store

LEAST_LIKENESS = 0.6  # difflib's own default
_COLUMNS = {"installer": "installer", "customer": "customer"}


def closest(name: str, names: Iterable[str]) -> str | None:
    """The existing name that looks most like `name`, whatever the capitals; None when none does."""
    folded = {one.casefold(): one for one in names}
    found = get_close_matches(name.strip().casefold(), folded, n=1, cutoff=LEAST_LIKENESS)
    return folded[found[0]] if found else None


def unknown_party(store: Store, role: str, party: str, configured: Iterable[str] = ()) -> str | None:
    """Why nobody may be added for `party`; None when it is known, or when the register is still empty.

    `configured`: parties that settings and the routing file name, as `installer:Volt`. Raises what the store
    raises.
    """
    column = _COLUMNS[role]
    names = store.sql(f"SELECT DISTINCT {column} FROM register WHERE {column} IS NOT NULL").to_series()
    if not store.sql("SELECT 1 FROM register LIMIT 1").height:
        return None
    known = {*names.to_list(), *(one.partition(":")[2] for one in configured if one.startswith(f"{role}:"))}
    if party in known:
        return None
    meant = closest(party, known)
    hint = f"; did you mean {meant!r}?" if meant else f"; known: {', '.join(sorted(known)[:8]) or 'none'}"
    return f"no station has the {role} {party!r}{hint}"


def name_doubt(kind: str, party: str, known: Iterable[str]) -> str | None:
    """A line about an installer or customer (`kind`) of a destination who is not in the register, or None.

    Letter case makes no difference here, as in routing: this is about messages, not about what a person sees.
    """
    names = list(known)
    if party.casefold() in {one.casefold() for one in names}:
        return None
    meant = closest(party, names)
    return f"no station in the register has {kind} {party!r}" + (
        f"; did you mean {meant!r}?" if meant else ""
    )
