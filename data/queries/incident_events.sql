-- What happened to one incident, oldest first.
-- grain: one row per event
-- inputs: $incident_id
-- reader: triage detail, fault
-- scope: visible
SELECT e.n, e.happened_at, e.event, e.actor, e.detail
FROM incident_event e
JOIN incident i USING (incident_id)
WHERE e.incident_id = $incident_id
  AND (i.station IN (SELECT station FROM visible)
       OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible)))
       OR (i.station IS NULL AND len(i.members) = 0 AND EXISTS (FROM house)))
ORDER BY e.n
