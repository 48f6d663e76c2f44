-- Proof of notice: every message since a moment, to whom, when, and whether it was accepted.
-- grain: one row per notice
-- inputs: $since (UTC), $limit, $swallowed (those that were held back too)
-- reader: notices
-- scope: visible
SELECT n.created_at, n.sent_at, 
       -- A customer who subscribed: by address for who may see everything, else as one of them.
       coalesce((SELECT w.email FROM subscription w WHERE EXISTS (FROM house) AND n.destination = 'customers/' || w.subscription_id),
                split_part(n.destination, '/', 1)) AS destination, n.party, n.reason, n.state, n.suppressed, n.attempts, n.last_class,
       n.last_code, n.last_detail, n.subject, n.body, n.dedup_key, n.incident_id, n.window_id,
       coalesce(i.station, array_to_string(n.stations, ', ')) AS station, i.fault, i.severity, coalesce(i.site, r.site) AS site
FROM notice n
LEFT JOIN incident i ON i.incident_id = n.incident_id
LEFT JOIN register r ON r.station = i.station
WHERE n.created_at >= $since
  AND ($swallowed OR n.state <> 'suppressed')
  AND (i.station IN (SELECT station FROM visible)
       OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible)))
       OR (i.station IS NULL AND len(i.members) = 0 AND EXISTS (FROM house))
       OR list_has_any(n.stations, (SELECT list(station) FROM visible)))  -- planned work
  -- Of an incident over several stations: what was told to the operator and to the parties of the reader's own ones.
  AND (i.station IS NOT NULL OR EXISTS (FROM house) OR n.party = 'operator'
       OR n.party IN (SELECT unnest(['installer:' || o.installer, 'customer:' || o.customer])
                      FROM register o WHERE o.station IN (SELECT station FROM visible)))
ORDER BY n.created_at DESC, n.dedup_key
LIMIT $limit
