-- Proof of notice for export: who was told what and when, by which channel, what their server answered, in how many
-- attempts; and what was held back, and by what. Never an address.
-- grain: one row per notice and incident that it tells of
-- inputs: $incident_id (or null), $station (or null), $since (UTC, or null), $until (UTC, or null)
-- reader: exports, laadwacht export notices
-- scope: visible
SELECT n.created_at, n.sent_at, i.incident_id, n.window_id, coalesce(i.station, array_to_string(n.stations, ' ')) AS station, coalesce(i.site, r.site) AS site, i.evse, i.connector, i.fault,
       i.severity, n.party, n.destination, n.channel, item.reason, n.state, n.suppressed AS held_back_by, n.attempts,
       n.last_class AS answer, n.last_code AS answer_code, n.last_detail AS answer_detail,
       (SELECT string_agg(strftime(a.ended_at, '%Y-%m-%dT%H:%M:%SZ') || ' ' || a.class || coalesce(' ' || a.code, ''), '; '
                          ORDER BY a.attempt) FROM notice_attempt a WHERE a.dedup_key = n.dedup_key) AS attempt_log,
       n.language, n.subject, n.dedup_key
FROM notice n
JOIN notice_item item USING (dedup_key)
LEFT JOIN incident i ON i.incident_id = item.incident_id
LEFT JOIN register r ON r.station = i.station
WHERE ($incident_id IS NULL OR item.incident_id = $incident_id)
  AND ($station IS NULL OR i.station = $station OR (i.station IS NULL AND list_contains(i.members, $station))
       OR list_contains(n.stations, $station))
  AND ($since IS NULL OR n.created_at >= $since)
  AND ($until IS NULL OR n.created_at < $until)
  AND (i.station IN (SELECT station FROM visible)
       OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible)))
       OR (i.station IS NULL AND len(i.members) = 0 AND EXISTS (FROM house))
       OR list_has_any(n.stations, (SELECT list(station) FROM visible)))  -- planned work
  -- Of an incident over several stations: what was told to the operator and to the parties of the reader's own ones.
  AND (i.station IS NOT NULL OR EXISTS (FROM house) OR n.party = 'operator'
       OR n.party IN (SELECT unnest(['installer:' || o.installer, 'customer:' || o.customer])
                      FROM register o WHERE o.station IN (SELECT station FROM visible)))
ORDER BY n.created_at, n.dedup_key, item.place
