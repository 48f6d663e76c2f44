-- The faults of one station since a moment, latest first.
-- grain: one row per incident
-- inputs: $station, $since (UTC)
-- reader: station
-- scope: visible
SELECT incident_id, state, fault, side, owner, coalesce(nullif(split_part(route_party, ':', 1), 'none'), owner) AS holder,
       severity, confidence, imminent, safety, overruled_by, evse, connector, pending_at, opened_at, closed_at,
       acknowledged_by, acknowledged_at
FROM incident
WHERE (station = $station OR (station IS NULL AND list_contains(members, $station)))
  AND $station IN (SELECT station FROM visible)
  AND state <> 'pending'
  AND coalesce(closed_at, pending_at) >= $since
ORDER BY pending_at DESC
LIMIT 100
