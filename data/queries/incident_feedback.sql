-- What people found out about one incident: each one's last word, oldest first.
-- grain: one row per person
-- inputs: $incident_id
-- reader: fault
-- scope: visible
SELECT f.actor, f.happened_at, f.verdict, f.side, f.text
FROM feedback f
JOIN incident i USING (incident_id)
WHERE f.incident_id = $incident_id
  AND (i.station IN (SELECT station FROM visible)
       OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible)))
       OR (i.station IS NULL AND len(i.members) = 0 AND EXISTS (FROM house)))
ORDER BY f.happened_at, f.actor
