-- What was odd about the frames of one station since a moment, most frequent first.
-- grain: one row per finding
-- inputs: $station, $since (UTC)
-- reader: station (helpdesk and installer)
-- scope: visible
SELECT finding, count(*) AS times, max(received_at) AS last_seen_at
FROM (SELECT unnest(findings) AS finding, received_at
      FROM frame
      WHERE station = $station AND station IN (SELECT station FROM visible)
        AND received_at >= $since AND len(findings) > 0)
GROUP BY finding
ORDER BY times DESC, finding
LIMIT 50
