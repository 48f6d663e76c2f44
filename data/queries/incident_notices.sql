-- Who was told of one incident, when, and whether the receiving server accepted it.
-- grain: one row per notice
-- inputs: $incident_id
-- reader: triage detail, fault
-- scope: visible
SELECT n.dedup_key, 
       -- A customer who subscribed: by address for who may see everything, else as one of them.
       coalesce((SELECT w.email FROM subscription w WHERE EXISTS (FROM house) AND n.destination = 'customers/' || w.subscription_id),
                split_part(n.destination, '/', 1)) AS destination, n.channel, n.party, item.reason, n.state, n.suppressed, n.attempts, n.created_at, n.sent_at,
       n.last_class, n.last_code, n.last_detail, n.subject
FROM notice_item item
JOIN notice n USING (dedup_key)
JOIN incident i ON i.incident_id = item.incident_id
WHERE item.incident_id = $incident_id
  AND (i.station IN (SELECT station FROM visible)
       OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible)))
       OR (i.station IS NULL AND len(i.members) = 0 AND EXISTS (FROM house)))
  -- Of an incident over several stations: what was told to the operator and to the parties of the reader's own ones.
  AND (i.station IS NOT NULL OR EXISTS (FROM house) OR n.party = 'operator'
       OR n.party IN (SELECT unnest(['installer:' || o.installer, 'customer:' || o.customer])
                      FROM register o WHERE o.station IN (SELECT station FROM visible)))
ORDER BY n.created_at, n.seq
