-- The latest frames of one station, both directions, latest first.
-- grain: one row per frame
-- inputs: $station, $limit
-- reader: station (helpdesk and installer)
-- scope: visible
SELECT received_at, direction, type, action, raw, findings
FROM frame
WHERE station = $station AND station IN (SELECT station FROM visible)
ORDER BY record_id DESC
LIMIT $limit
