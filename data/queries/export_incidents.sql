-- Incidents of a period for export, oldest first.
-- grain: one row per incident that began in the period
-- inputs: $since (UTC), $until (UTC)
-- reader: exports
-- scope: visible
SELECT i.incident_id, i.station, coalesce(i.site, r.site) AS site, i.evse, i.connector, i.scope, i.fault, i.side, i.cause,
       i.owner, i.task, i.severity, i.confidence, i.rule_id, i.rule_version, i.state, i.pending_at, i.opened_at,
       i.acknowledged_at, i.closed_at, date_diff('second', i.pending_at, i.closed_at) AS duration_s,
       i.route_rule, i.route_party, i.operator_s, i.installer_s, i.bounces, i.contract, i.respond_by, i.responded_at,
       i.repair_by, i.response_breached_at, i.repair_breached_at
FROM incident i
LEFT JOIN register r ON r.station = i.station
WHERE i.state <> 'pending' AND i.pending_at >= $since AND i.pending_at < $until
  AND (i.station IN (SELECT station FROM visible)
       OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible)))
       OR (i.station IS NULL AND len(i.members) = 0 AND EXISTS (FROM house)))
ORDER BY i.pending_at, i.incident_id
