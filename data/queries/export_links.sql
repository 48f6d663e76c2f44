-- Connections that were opened and ended, in the order in which that was recorded.
-- grain: one row per connection event
-- inputs: $station (NULL: every one), $start, $stop (NULL: no limit)
-- reader: export of connection events (command line)
-- scope: none
SELECT happened_at, station, event, version, peer, code, reason, record_id
FROM link
WHERE ($station IS NULL OR station = $station)
  AND ($start IS NULL OR happened_at >= $start)
  AND ($stop IS NULL OR happened_at < $stop)
ORDER BY record_id
