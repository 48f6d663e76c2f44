-- Every attempt to deliver the notices of one incident, and what the receiving server said.
-- grain: one row per attempt
-- inputs: $incident_id
-- reader: triage detail, fault
-- scope: visible
SELECT a.dedup_key, a.attempt, a.ended_at, a.class, a.code, a.detail
FROM notice_item item
JOIN notice_attempt a USING (dedup_key)
JOIN incident i ON i.incident_id = item.incident_id
WHERE item.incident_id = $incident_id
  AND (i.station IN (SELECT station FROM visible)
       OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible)))
       OR (i.station IS NULL AND len(i.members) = 0 AND EXISTS (FROM house)))
ORDER BY a.dedup_key, a.attempt
