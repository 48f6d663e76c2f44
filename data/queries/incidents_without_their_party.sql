-- Open incidents that are not with whom their rule means: the register or the destinations lack something, or no rule
-- fits at all.
-- grain: one row per incident
-- inputs: $limit
-- reader: messages
-- scope: visible
SELECT i.incident_id, i.station, i.site, i.fault, i.installer, i.customer, i.route_party, i.opened_at,
       coalesce(i.route_gap, 'otherwise') AS gap, count(*) OVER () AS total
FROM incident i
WHERE i.state IN ('open', 'recovering')
  AND (i.route_gap IS NOT NULL OR i.route_rule = 'route.otherwise')
  AND (i.station IN (SELECT station FROM visible)
       OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible))))
ORDER BY i.opened_at DESC, i.incident_id
LIMIT $limit
