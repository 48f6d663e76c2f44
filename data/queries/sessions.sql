-- Charging sessions that began in a period, latest first, a page at a time.
-- grain: one row per session
-- inputs: $since (UTC), $until (UTC), $station (name, or null for all), $limit, $offset
-- reader: sessions, station
-- scope: visible
SELECT x.session_id, x.station, r.site, x.evse, x.connector, x.started_at, x.ended_at,
       date_diff('second', x.started_at, x.ended_at) AS duration_s,
       x.energy_wh, x.max_power_w, x.reason, x.outcome
FROM session x
LEFT JOIN register r ON r.station = x.station
WHERE x.station IN (SELECT station FROM visible)
  AND x.started_at >= $since AND x.started_at < $until
  AND ($station IS NULL OR x.station = $station)
ORDER BY x.started_at DESC, x.session_id
LIMIT $limit OFFSET $offset
