"""How sure a share is that was counted from few: Wilson's interval.

Decides nothing. After E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
Journal of the American Statistical Association 22 (1927); it never leaves 0..1 and says much less after three
cases than after three hundred.
"""

from __future__ import annotations

import math

Z_95 = 1.959963985  # two-sided 95 % of the normal distribution


def wilson(hits: int, cases: int, z: float = Z_95) -> tuple[float, float] | None:
    """Lower and upper bound of the true share, 0..1; None without a case. Raises ValueError for counts that
    cannot be."""
    if not 0 <= hits <= cases:
        raise ValueError(f"{hits} of {cases} is no share")
    if cases == 0:
        return None
    share, square = hits / cases, z * z
    middle = share + square / (2 * cases)
    half = z * math.sqrt(share * (1 - share) / cases + square / (4 * cases * cases))
    scale = 1 + square / cases
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
