-- Every attempt to deliver the notices of one incident, and what the receiving server said.
-- grain: one row per attempt
-- inputs: $incident_id
-- reader: triage detail, fault
-- scope: visible
SELECT a.dedup_key, a.attempt, a.ended_at, a.class, a.code, a.detail
FROM notice_item item
JOIN notice n USING (dedup_key)
JOIN notice_attempt a USING (dedup_key)
JOIN incident i ON i.incident_id = item.incident_id
WHERE item.incident_id = $incident_id
  AND (i.station IN (SELECT station FROM visible)
       OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible)))
       OR (i.station IS NULL AND len(i.members) = 0 AND EXISTS (FROM house)))
  -- Of an incident over several stations: what was told to the operator and to the parties of the reader's own ones.
  AND (i.station IS NOT NULL OR EXISTS (FROM house) OR n.party = 'operator'
       OR n.party IN (SELECT unnest(['installer:' || o.installer, 'customer:' || o.customer])
                      FROM register o WHERE o.station IN (SELECT station FROM visible)))
ORDER BY a.dedup_key, a.attempt
