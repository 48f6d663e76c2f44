"""In which Belgian province a station stands, by the post code in its address.

Decides from the text of the address alone: four digits before the name of a town, in bpost's ranges of post
codes. An address without such a code, or abroad, has no region; it is never guessed from coordinates.
"""

from __future__ import annotations

import re
from functools import cache

# First and last post code, then the province's ISO 3166-2 code and its names in Dutch, French and English.
_RANGES = (
    (1000, 1299, ("BE-BRU", "Brussel", "Bruxelles", "Brussels")),
    (1300, 1499, ("BE-WBR", "Waals-Brabant", "Brabant wallon", "Walloon Brabant")),
    (1500, 1999, ("BE-VBR", "Vlaams-Brabant", "Brabant flamand", "Flemish Brabant")),
    (2000, 2999, ("BE-VAN", "Antwerpen", "Anvers", "Antwerp")),
    (3000, 3499, ("BE-VBR", "Vlaams-Brabant", "Brabant flamand", "Flemish Brabant")),
    (3500, 3999, ("BE-VLI", "Limburg", "Limbourg", "Limburg")),
    (4000, 4999, ("BE-WLG", "Luik", "Liège", "Liège")),
    (5000, 5999, ("BE-WNA", "Namen", "Namur", "Namur")),
    (6000, 6599, ("BE-WHT", "Henegouwen", "Hainaut", "Hainaut")),
    (6600, 6999, ("BE-WLX", "Luxemburg", "Luxembourg", "Luxembourg")),
    (7000, 7999, ("BE-WHT", "Henegouwen", "Hainaut", "Hainaut")),
    (8000, 8999, ("BE-VWV", "West-Vlaanderen", "Flandre-Occidentale", "West Flanders")),
    (9000, 9999, ("BE-VOV", "Oost-Vlaanderen", "Flandre-Orientale", "East Flanders")),
)
# A house number of four digits is not followed by a town, and a code abroad is longer or has letters
# (the Dutch one ends in two capitals).
_POST_CODE = re.compile(r"(?:^|[\s,;(])(?:B-?|BE-?)?([1-9]\d{3})\s+(?![A-Z]{2}\b)(?=[^\W\d])")


@cache
def region_names(address: str | None) -> tuple[str, ...]:
    """ISO code and Dutch, French and English name of the province; empty when the address does not tell."""
    codes = _POST_CODE.findall(address or "")
    if not codes:
        return ()
    code = int(codes[-1])
    return next((names for first, last, names in _RANGES if first <= code <= last), ())
