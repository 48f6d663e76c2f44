-- How often people found a rule right: the last word on each incident that opened in a period.
-- Make and firmware are the station's as known now; an incident without feedback is counted and not judged.
-- grain: one row per rule, fault, side, make and firmware
-- inputs: $since (UTC), $until (UTC)
-- reader: `laadwacht precision`
-- scope: visible
WITH word AS (
    SELECT incident_id, arg_max(verdict, happened_at) AS verdict
    FROM feedback
    GROUP BY incident_id
)
SELECT i.rule_id AS rule, i.fault, i.side, coalesce(r.make, s.make) AS make, s.firmware,
       count(*) AS incidents, count(w.verdict) AS judged,
       count(*) FILTER (w.verdict = 'confirmed') AS confirmed,
       count(*) FILTER (w.verdict = 'wrong_side') AS wrong_side,
       count(*) FILTER (w.verdict = 'no_fault_found') AS no_fault_found
FROM incident i
LEFT JOIN word w ON w.incident_id = i.incident_id
LEFT JOIN register r ON r.station = i.station
LEFT JOIN station s ON s.station = i.station
WHERE i.opened_at >= $since::TIMESTAMP AND i.opened_at < $until::TIMESTAMP
  AND (i.station IN (SELECT station FROM visible)
       OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible)))
       OR (i.station IS NULL AND len(i.members) = 0 AND EXISTS (FROM house)))
GROUP BY ALL
ORDER BY rule, fault, side, make, firmware
