-- Incidents that are open, or were closed since a moment, with their place and how often this came before. Those that
-- are part of a wider incident which is open too (a site, the platform) are left to that one. `holder`: the kind of party
-- it is with now, which need not be the owner of its verdict.
-- grain: one row per incident
-- inputs: $closed_since (UTC; closed ones from then on, null for none), $counted_since (UTC; earlier ones counted from then on), $limit
-- reader: triage, overview, and the home pages of installer and customer
-- scope: visible
WITH mine AS (
    SELECT i.*
    FROM incident i
    WHERE i.state <> 'pending'
      AND (i.station IN (SELECT station FROM visible)
           OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible)))
           OR (i.station IS NULL AND len(i.members) = 0 AND EXISTS (FROM house)))
),
again AS (
    SELECT station, fault, count(*) AS times
    FROM mine
    WHERE pending_at >= $counted_since
    GROUP BY station, fault
)
SELECT m.incident_id, m.state, m.scope, m.station, coalesce(m.site, r.site) AS site, p.address, p.latitude, p.longitude,
       m.evse, m.connector, m.fault, m.side, m.cause, m.owner, m.task, m.severity, m.confidence, m.imminent, m.safety,
       coalesce(nullif(split_part(m.route_party, ':', 1), 'none'), m.owner) AS holder,
       m.installer, m.customer, m.pending_at, m.opened_at, m.recovering_at, m.closed_at,
       m.respond_by, m.repair_by, m.responded_at, m.response_breached_at, m.repair_breached_at, m.bounced,
       m.acknowledged_at, m.acknowledged_by, m.assignee, m.on_my_way_at, m.eta_at, m.fixed_at, m.suppression, m.updated_at,
       len(list_intersect(m.members, (SELECT list(station) FROM visible))) AS member_count,
       coalesce(a.times, 1) AS times
FROM mine m
LEFT JOIN register r ON r.station = m.station
-- That of a whole site lies where its first station stands.
LEFT JOIN register p ON p.station = coalesce(m.station, CASE WHEN m.scope = 'site' THEN
    list_min(list_intersect(m.members, (SELECT list(station) FROM visible))) END)
LEFT JOIN again a ON a.station = m.station AND a.fault = m.fault
WHERE (m.state IN ('open', 'recovering') OR m.closed_at >= $closed_since)
  AND NOT coalesce(m.parent IN (SELECT incident_id FROM mine WHERE state IN ('open', 'recovering')), false)
ORDER BY m.state = 'resolved', list_position(['critical', 'high', 'medium', 'low'], m.severity),
         coalesce(m.opened_at, m.pending_at) DESC, m.incident_id
LIMIT $limit
