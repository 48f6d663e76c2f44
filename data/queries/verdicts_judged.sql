-- What people found out: every incident of a period that somebody judged, with the last word on it.
-- Make and firmware are the station's as known now.
-- grain: one row per judged incident, newest first
-- inputs: $since (UTC), $until (UTC)
-- reader: precision
-- scope: visible
WITH word AS (
    SELECT incident_id, arg_max(verdict, happened_at) AS verdict, arg_max(coalesce(side, ''), happened_at) AS right_side,
           arg_max(coalesce(text, ''), happened_at) AS text, arg_max(actor, happened_at) AS actor, max(happened_at) AS judged_at
    FROM feedback
    GROUP BY incident_id
)
SELECT i.incident_id, i.opened_at, i.rule_id AS rule, i.fault, i.side, i.station, i.site,
       coalesce(r.make, s.make) AS make, s.firmware, w.verdict, nullif(w.right_side, '') AS right_side,
       nullif(w.text, '') AS text, w.actor, w.judged_at
FROM incident i
JOIN word w ON w.incident_id = i.incident_id
LEFT JOIN register r ON r.station = i.station
LEFT JOIN station s ON s.station = i.station
WHERE i.opened_at >= $since::TIMESTAMP AND i.opened_at < $until::TIMESTAMP
  AND (i.station IN (SELECT station FROM visible)
       OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible)))
       OR (i.station IS NULL AND len(i.members) = 0 AND EXISTS (FROM house)))
ORDER BY i.opened_at DESC, i.incident_id
