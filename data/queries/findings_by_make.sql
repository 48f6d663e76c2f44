-- Which makes send odd frames, and how often, in a period; the make is what the station says now.
-- grain: one row per finding and make
-- inputs: $since (UTC), $until (UTC)
-- reader: pages, tests
-- scope: visible
WITH odd AS (
    SELECT station, received_at, unnest(findings) AS finding
    FROM frame
    WHERE received_at >= $since::TIMESTAMP AND received_at < $until::TIMESTAMP
      AND len(findings) > 0 AND station IN (SELECT station FROM visible)
)
SELECT o.finding, coalesce(s.make, r.make) AS make, count(*) AS frames,
       count(DISTINCT o.station) AS stations, max(o.received_at) AS last_at
FROM odd o
LEFT JOIN station s ON s.station = o.station
LEFT JOIN register r ON r.station = o.station
GROUP BY ALL
ORDER BY frames DESC, finding, make
