-- Incidents that were not routed as meant, that were late, and that went back and forth: now open, and ever.
-- grain: one row per kind and detail that has any
-- inputs: none
-- reader: metrics, at each scrape
-- scope: none
WITH counted AS (
    SELECT 'gap' AS kind, coalesce(route_gap, 'otherwise') AS detail, state FROM incident
    WHERE opened_at IS NOT NULL AND (route_gap IS NOT NULL OR route_rule = 'route.otherwise')
    UNION ALL
    SELECT 'late', 'response', state FROM incident WHERE response_breached_at IS NOT NULL
    UNION ALL
    SELECT 'late', 'repair', state FROM incident WHERE repair_breached_at IS NOT NULL
    UNION ALL
    SELECT 'bounced', '', state FROM incident WHERE bounced
)
SELECT kind, detail, count(*) FILTER (WHERE state IN ('open', 'recovering')) AS open_now, count(*) AS ever
FROM counted
GROUP BY kind, detail
ORDER BY kind, detail
