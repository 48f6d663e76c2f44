"""One outage or many: stations silent together are one site, sites silent together are the platform.

Decides from times and counts only. Never looks at incidents. Numbers: at least max(3, half) of a site's
stations within the site window; several sites within the platform window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta


def threshold(size: int) -> int:
    """How many of a site's stations make it a site outage."""
    return max(3, (size + 1) // 2)


def largest_cluster(times: Mapping[str, datetime], window_s: float) -> tuple[str, ...]:
    """The most names whose times lie within one window; the earliest such window wins."""
    ordered = sorted(times.items(), key=lambda item: (item[1], item[0]))
    best: tuple[str, ...] = ()
    width = timedelta(seconds=window_s)
    start = 0
    for end in range(len(ordered)):
        while ordered[end][1] - ordered[start][1] > width:
            start += 1
        if end - start + 1 > len(best):
            best = tuple(name for name, _ in ordered[start : end + 1])
    return best


def site_outage(silent: Mapping[str, datetime], size: int, window_s: float) -> tuple[str, ...]:
    """Stations of the site outage, or none. `size` counts stations ever heard on the site."""
    cluster = largest_cluster(silent, window_s)
    return cluster if len(cluster) >= threshold(size) else ()


def platform_outage(
    sites: Mapping[str, datetime],
    *,
    big: Iterable[str],
    known_sites: int,
    window_s: float,
    least: int,
    share: float,
) -> tuple[str, ...]:
    """Sites of a platform outage, empty when there is none.

    `sites`: every wholly silent site and since when. `big`: those of them that are site outages of three
    stations or more; `least` of these suffice. Small sites count by their share of all known sites, so
    that three lone stations lost in a large fleet are three faults and not an outage.
    """
    cluster = largest_cluster(sites, window_s)
    large = set(big)
    if sum(1 for site in cluster if site in large) >= least:
        return cluster
    if len(cluster) >= max(least, share * known_sites):
        return cluster
    return ()
